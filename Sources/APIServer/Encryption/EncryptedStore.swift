package import KubernetesAPI
package import Logging
import PKI
package import Storage
import Synchronization

/// A store behind which the values of some resources are encrypted. Whoever uses it sees them as they are.
///
/// The configuration can be replaced while the server runs. What an earlier one has written is written anew by `rewrite`.
package final class EncryptedStore: Store {
    private let inner: any Store
    private let configuration: Mutex<EncryptionConfiguration>
    /// The resources by the prefixes of their keys.
    private let places: [(prefix: String, group: String, plural: String)]
    private let logger: Logger

    package init(_ inner: any Store, configuration: EncryptionConfiguration, catalog: ResourceCatalog = .builtIn, logger: Logger) {
        self.inner = inner
        self.configuration = Mutex(configuration)
        self.logger = logger
        places = KindTable.storagePrefixes(catalog)
    }

    package func replace(_ configuration: EncryptionConfiguration) {
        self.configuration.withLock { $0 = configuration }
    }

    package var currentRevision: Int64 { inner.currentRevision }
    package var compactedRevision: Int64 { inner.compactedRevision }

    package var isShared: Bool { inner.isShared }

    package func catchUp() async throws(StoreError) { try await inner.catchUp() }
    package func mayCompact(to revision: Int64) async throws(StoreError) -> Bool { try await inner.mayCompact(to: revision) }
    package func compact(to revision: Int64) async throws(StoreError) { try await inner.compact(to: revision) }

    package func range(_ request: RangeRequest) async throws(StoreError) -> RangeResult {
        var result = try await inner.range(request)
        for index in result.keyValues.indices {
            let stored = result.keyValues[index]
            guard let providers = providers(of: stored.key) else { continue }
            result.keyValues[index].value = try await Self.open(stored, providers).value
        }
        return result
    }

    package func commit(_ transaction: Transaction, completion: @escaping @Sendable (Result<CommitResult, StoreError>) -> Void) {
        if let unready = unready(transaction) {
            Task {
                await unready.refresh()
                write(transaction, completion: completion)
            }
            return
        }
        write(transaction, completion: completion)
    }

    /// A provider that has to be asked before a transaction can be encrypted.
    private func unready(_ transaction: Transaction) -> EnvelopeProvider? {
        for case .put(let key, _, _) in transaction.operations {
            if let provider = providers(of: key)?.unready { return provider }
        }
        return nil
    }

    /// The providers that the present configuration has of somebody outside.
    var envelopes: [EnvelopeProvider] { configuration.withLock { $0 }.envelopes }

    private func write(_ transaction: Transaction, completion: @escaping @Sendable (Result<CommitResult, StoreError>) -> Void) {
        var sealed = transaction
        for (index, operation) in transaction.operations.enumerated() {
            guard case .put(let key, let value, let timeToLive) = operation, let providers = providers(of: key) else { continue }
            do {
                sealed.operations[index] = .put(key: key, value: try providers.seal(value, place: key), timeToLive: timeToLive)
            } catch {
                completion(.failure(.invalid("\(error)")))
                return
            }
        }
        inner.commit(sealed, completion: completion)
    }

    package func watch(
        _ range: KeyRange, from revision: Int64, handler: @escaping @Sendable (WatchBatch) -> Void
    ) throws(StoreError) -> any WatchHandle {
        try inner.watch(range, from: revision) { [self] batch in
            guard case .events(let events, let through) = batch else {
                handler(batch)
                return
            }
            do throws(StoreError) {
                var opened: [StoreEvent] = []
                opened.reserveCapacity(events.count)
                for event in events { opened.append(try self.opened(event)) }
                handler(.events(opened, through: through))
            } catch {
                logger.error("a stored value cannot be decrypted", metadata: ["error": "\(error)"])
                handler(.ended(error))
            }
        }
    }

    /// Writes anew what is not kept as the configuration wants it now. What somebody else writes meanwhile is right already.
    ///
    /// - Returns: how many values were written.
    @discardableResult
    package func rewrite() async throws(StoreError) -> Int {
        var count = 0
        // Events vanish by themselves, and writing them anew would keep them for ever.
        for place in places where place.plural != "events" {
            guard let providers = configuration.withLock({ $0 }).providers(group: place.group, plural: place.plural) else { continue }
            for stored in try await inner.range(RangeRequest(KeyRange(prefix: place.prefix))).keyValues {
                let (value, isStale) = try await Self.open(stored, providers)
                guard isStale else { continue }
                if case .committed = try await commit(.update(key: stored.key, modRevision: stored.modRevision, value: value)) { count += 1 }
            }
        }
        if count > 0 { logger.notice("stored values were encrypted anew", metadata: ["values": "\(count)"]) }
        return count
    }

    private func providers(of key: String) -> EncryptionConfiguration.Providers? {
        guard let place = places.first(where: { key.hasPrefix($0.prefix) }) else { return nil }
        return configuration.withLock { $0 }.providers(group: place.group, plural: place.plural)
    }

    private func opened(_ stored: KeyValue) throws(StoreError) -> KeyValue {
        guard let providers = providers(of: stored.key) else { return stored }
        var opened = stored
        do {
            // What comes by a watch was read or written here before, so that its key is known; if not, the watch begins anew with a read.
            guard case .value(let value, _) = try providers.open(stored.value, place: stored.key) else {
                throw StoreError.inputOutput(file: stored.key, detail: "its key is not known yet")
            }
            opened.value = value
        } catch let error as StoreError {
            throw error
        } catch {
            throw .inputOutput(file: stored.key, detail: "\(error)")
        }
        return opened
    }

    private func opened(_ event: StoreEvent) throws(StoreError) -> StoreEvent {
        switch event {
        case .put(let stored): .put(try opened(stored))
        case .delete(let last, let revision): .delete(last: try opened(last), revision: revision)
        }
    }

    private static func open(
        _ stored: KeyValue, _ providers: EncryptionConfiguration.Providers
    ) async throws(StoreError) -> (value: [UInt8], isStale: Bool) {
        do {
            return try await providers.opened(stored.value, place: stored.key)
        } catch {
            throw .inputOutput(file: stored.key, detail: "\(error)")
        }
    }
}
