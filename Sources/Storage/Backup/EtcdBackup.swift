import GRPCCore
package import Logging

/// What one cluster has in etcd, into a backup.
package enum EtcdBackup {
    /// How many keys are asked for at a time.
    private static let pageKeys = 500

    /// Reads everything under the configuration's prefix as it is at one revision, while others may write.
    ///
    /// - Parameter time: milliseconds since 1970.
    /// - Throws: `BackupError`, or `StoreError` when it is etcd that cannot be read.
    package static func write(
        _ configuration: EtcdConfiguration, to path: String, time: Int64 = SystemStoreClock().nowMilliseconds, replacing: Bool = false,
        logger: Logger
    ) async throws -> BackupSummary {
        let client = try EtcdClient(configuration, logger: logger)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await client.run() }
            defer {
                client.close()
                group.cancelAll()
            }
            do {
                let source = Source(client: client, messages: EtcdMessages(keys: configuration.keys))
                return try await source.write(to: path, time: time, replacing: replacing)
            } catch let error as EtcdFailure {
                throw error.refusal(at: client.endpoints)
            }
        }
    }

    private struct Source {
        let client: EtcdClient
        let messages: EtcdMessages

        func write(to path: String, time: Int64, replacing: Bool) async throws -> BackupSummary {
            var asked = messages.range(RangeRequest(KeyRange(prefix: EtcdKeySpace.root + "/"), limit: EtcdBackup.pageKeys))
            var page = try await read(asked)
            let revision = page.header.revision
            var writer = try BackupWriter(path, revision: revision, time: time, replacing: replacing)
            var ends: [Int64: Int64] = [:]
            while true {
                for stored in page.kvs {
                    guard let keyValue = messages.keyValue(stored) else { continue }
                    var expires: Int64?
                    if stored.lease != 0 {
                        if ends[stored.lease] == nil { ends[stored.lease] = time + 1000 * (try await secondsLeft(of: stored.lease)) }
                        expires = ends[stored.lease]
                    }
                    try writer.append(BackupEntry(keyValue: keyValue, expires: expires))
                }
                guard page.more, let last = page.kvs.last else { break }
                asked.key = last.key + EtcdMessages.zero
                asked.revision = revision
                page = try await read(asked)
            }
            return try writer.finish()
        }

        private func read(_ asked: EtcdRangeRequest) async throws -> EtcdRangeResponse {
            do {
                return try await client.ask { connection, options in
                    try await EtcdKV.Client(wrapping: connection).range(asked, metadata: EtcdClient.metadata, options: options)
                }
            } catch let failure as EtcdFailure where failure.isCompacted {
                throw StoreError.inputOutput(
                    file: client.endpoints, detail: "revision \(asked.revision) was compacted while it was read; begin anew")
            }
        }

        /// How long the keys of a lease have to live; a moment when it has ended already.
        private func secondsLeft(of lease: Int64) async throws -> Int64 {
            var request = EtcdLeaseTimeToLiveRequest()
            request.id = lease
            let asked = request
            let answer = try await client.ask { connection, options in
                try await EtcdLease.Client(wrapping: connection).leaseTimeToLive(asked, metadata: EtcdClient.metadata, options: options)
            }
            return min(max(answer.ttl, 1), Self.secondsMax)
        }

        private static let secondsMax: Int64 = 9_000_000_000
    }
}
