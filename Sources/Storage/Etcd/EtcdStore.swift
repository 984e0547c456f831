import GRPCCore
package import Logging
import ServiceLifecycle
import Synchronization

/// The store of several API servers: etcd, by its v3 interface.
///
/// One watch of all of etcd's keys feeds all watches of the store (`EtcdFeed`). A commit is answered when that watch has told of it, so that who has
/// his write acknowledged finds it in whatever follows the store here; what other servers have written is there after `catchUp`.
///
/// `run` must be running for anything to be answered.
package final class EtcdStore: Store, Service {
    private let configuration: EtcdConfiguration
    private let logger: Logger
    let client: EtcdClient
    let feed = EtcdFeed()
    let messages: EtcdMessages
    private let leases: EtcdLeases
    private let newest: RevisionQuestion
    private let compaction = Mutex(EtcdCompaction())
    /// Makes the watch of etcd begin anew.
    private let restart = Mutex<AsyncStream<Never>.Continuation?>(nil)
    /// Whether somebody looks whether the watch of etcd goes on.
    private let looksForStall = Mutex(false)

    /// - Throws: when a certificate or a key cannot be read.
    package init(_ configuration: EtcdConfiguration, logger: Logger) throws {
        self.configuration = configuration
        self.logger = logger
        let client = try EtcdClient(configuration, logger: logger)
        let messages = EtcdMessages(keys: configuration.keys)
        self.client = client
        self.messages = messages
        leases = EtcdLeases(client, reuse: configuration.leaseReuse)
        newest = RevisionQuestion { await Self.newestRevision(client, messages) }
    }

    package var currentRevision: Int64 { feed.position }
    package var compactedRevision: Int64 { compaction.withLock { $0.revision } }
    package var isShared: Bool { true }

    /// Follows etcd until the service group shuts down.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { await self.client.run() }
                group.addTask { await self.follow() }
                group.addTask { await self.tellNewcomers() }
            }
        }
        close()
    }

    /// Ends all watches; everything asked from now on fails with `StoreError.closed`. Not to be called by a completion or a watch's handler.
    package func close() {
        client.close()
        feed.close()
    }

    /// Shows another certificate to etcd from now on.
    package func replace(_ credentials: EtcdCredentials) throws {
        try client.replace(credentials)
        restart.withLock { $0 }?.finish()
    }

    // MARK: Store

    package func range(_ request: RangeRequest) async throws(StoreError) -> RangeResult {
        var wanted = request
        // Before the first write etcd is at revision 1; by 0 it means the newest.
        wanted.revision = request.revision.map { max($0, 1) }
        let asked = messages.range(wanted)
        do {
            let response = try await client.ask { connection, options in
                try await EtcdKV.Client(wrapping: connection).range(asked, metadata: EtcdClient.metadata, options: options)
            }
            return messages.result(response, of: wanted)
        } catch {
            if (error as? EtcdFailure)?.isCompacted == true { try? await learnCompaction() }
            throw storeError(error, about: wanted.revision)
        }
    }

    package func commit(_ transaction: Transaction, completion: @escaping @Sendable (Result<CommitResult, StoreError>) -> Void) {
        do {
            try StoreLimits.check(transaction)
        } catch {
            completion(.failure(error))
            return
        }
        Task {
            do throws(StoreError) {
                let (result, revision) = try await perform(transaction)
                feed.answer(at: revision) { completion(.success(result)) }
                lookForStall()
            } catch {
                completion(.failure(error))
            }
        }
    }

    package func watch(
        _ range: KeyRange, from revision: Int64, handler: @escaping @Sendable (WatchBatch) -> Void
    ) throws(StoreError) -> any WatchHandle {
        _ = try client.current()
        let compacted = compactedRevision
        guard revision >= compacted else { throw .compacted(requested: revision, compacted: compacted) }
        let watcher = Watcher(range: range, start: revision, handler: handler)
        feed.add(watcher)
        return watcher
    }

    package func compact(to revision: Int64) async throws(StoreError) {
        _ = try client.current()
        guard revision > compactedRevision else { return }
        var request = EtcdCompactionRequest()
        request.revision = revision
        request.physical = true
        let asked = request
        do {
            _ = try await client.ask { connection, options in
                try await EtcdKV.Client(wrapping: connection).compact(asked, metadata: EtcdClient.metadata, options: options)
            }
        } catch {
            guard (error as? EtcdFailure)?.isCompacted == true else { throw storeError(error, about: revision) }
        }
        noteCompacted(revision)
    }

    package func mayCompact(to revision: Int64) async throws(StoreError) -> Bool {
        let claim = compaction.withLock { $0.claim(revision) }
        do {
            // Not to be asked twice: a claim that was made after all would look like another server's.
            let response = try await client.attempt { connection, options in
                try await EtcdKV.Client(wrapping: connection).txn(claim, metadata: EtcdClient.metadata, options: options)
            }
            return compaction.withLock { $0.take(response) }
        } catch {
            throw storeError(error)
        }
    }

    package func catchUp() async throws(StoreError) {
        let revision = try await newest.answer()
        guard feed.position < revision else { return }
        // A watch that hangs is begun anew, at the member that has just answered.
        for _ in 0..<2 {
            if await isTold(revision, within: configuration.attempt / 2) { return }
            _ = try client.current()
            restart.withLock { $0 }?.finish()
        }
        throw .inputOutput(file: client.endpoints, detail: "revision \(revision) is there, but the watch has come to \(feed.position) only")
    }

    /// Asks etcd anything that only a cluster that works can answer.
    ///
    /// - Returns: nil when it was answered in time.
    package func problem(timeout: Duration) async -> String? {
        let asked = messages.range(RangeRequest(KeyRange(key: "health"), limit: 1))
        do {
            _ = try await client.attempt(timeout: timeout) { connection, options in
                try await EtcdKV.Client(wrapping: connection).range(asked, metadata: EtcdClient.metadata, options: options)
            }
            return nil
        } catch {
            return "\(storeError(error))"
        }
    }

    // MARK: Commits

    private func perform(_ transaction: Transaction) async throws(StoreError) -> (CommitResult, revision: Int64) {
        let request: EtcdTxnRequest
        do {
            var granted: [Int64] = []
            for operation in transaction.operations {
                if case .put(_, _, let timeToLive?) = operation { granted.append(try await leases.lease(for: timeToLive)) } else { granted.append(0) }
            }
            request = messages.transaction(transaction, leases: granted)
        } catch {
            throw storeError(error)
        }
        var tries = client.tries()
        var isRepeated = false
        while true {
            do {
                let response = try await client.attempt { connection, options in
                    try await EtcdKV.Client(wrapping: connection).txn(request, metadata: EtcdClient.metadata, options: options)
                }
                let result = try messages.result(response, of: transaction)
                if case .conflict = result, isRepeated { return try await settled(transaction) }
                return (result, response.header.revision)
            } catch let error as StoreError {
                throw error
            } catch {
                guard let failure = error as? EtcdFailure, failure.mayPass else { throw storeError(error) }
                // With a condition on what it changes, a transaction can't be made twice: asking again is safe, and tells.
                guard !transaction.conditions.isEmpty, await tries.another() else {
                    throw .outcomeUnknown("\(client.endpoints): \(failure.code): \(failure.message)")
                }
                isRepeated = true
            }
        }
    }

    /// What became of a transaction whose answer was lost and whose conditions no longer hold: it was made if what it wrote is there.
    ///
    /// Somebody else may have written the very same bytes on the very same condition. New objects cannot be mistaken, for their uids are made for one
    /// request. Two equal changes of one state, by the same manager in the same second, can: etcd keeps nothing with a key that tells who wrote it, and
    /// a key more in each transaction would be paid by all of them. Then both are told that what they wanted is there, which it is.
    private func settled(_ transaction: Transaction) async throws(StoreError) -> (CommitResult, revision: Int64) {
        if case .put(let key, let value, _)? = transaction.operations.first, let found = try await get(key), found.value == value {
            return (.committed(revision: found.modRevision), found.modRevision)
        }
        throw .outcomeUnknown("\(client.endpoints): the answer was lost, and the key has been changed since")
    }

    private static func newestRevision(_ client: EtcdClient, _ messages: EtcdMessages) async -> Result<Int64, StoreError> {
        let asked = messages.range(RangeRequest(KeyRange(key: "revision"), limit: 0))
        do {
            let response = try await client.ask { connection, options in
                try await EtcdKV.Client(wrapping: connection).range(asked, metadata: EtcdClient.metadata, options: options)
            }
            return .success(response.header.revision)
        } catch let error as StoreError {
            return .failure(error)
        } catch {
            return .failure(EtcdFailure(error).refusal(at: client.endpoints))
        }
    }

    // MARK: Following

    /// Keeps a watch of etcd under way, at the member in use.
    private func follow() async {
        var pause = Duration.milliseconds(50)
        while !Task.isCancelled {
            let before = feed.position
            do {
                if before > 0 {
                    try await watchOnce(from: before)
                } else {
                    try await learnCompaction()
                    try await watchOnce(from: Self.newestRevision(client, messages).get())
                }
            } catch EtcdWatchStream.Failure.compacted(let revision) {
                noteCompacted(revision)
                await beginAnew()
            } catch StoreError.closed {
                return
            } catch {
                logger.warning("etcd cannot be followed, trying again", metadata: ["error": "\(storeError(error))"])
            }
            feed.lost()
            if feed.position > before { pause = .milliseconds(50) }
            try? await Task.sleep(for: pause)
            pause = min(pause * 2, .seconds(1))
        }
    }

    /// Finds out where history begins: only a watch of what is gone is told that.
    private func learnCompaction() async throws {
        do {
            var first = messages.range(RangeRequest(KeyRange(key: "revision"), limit: 0))
            first.revision = max(compactedRevision, 1)
            let asked = first
            _ = try await client.ask { connection, options in
                try await EtcdKV.Client(wrapping: connection).range(asked, metadata: EtcdClient.metadata, options: options)
            }
        } catch let failure as EtcdFailure where failure.isCompacted {
            do {
                let (connection, _) = try client.current()
                try await EtcdWatchStream(messages: messages).run(connection, from: 1, began: {}, receive: { _, _ in })
            } catch EtcdWatchStream.Failure.compacted(let revision) {
                noteCompacted(revision)
            }
        }
    }

    private func watchOnce(from start: Int64) async throws {
        let (connection, index) = try client.current()
        let turn = EtcdWatchTurn(feed)
        let (broken, breakOff) = AsyncStream.makeStream(of: Never.self)
        restart.withLock { $0 = breakOff }
        // Not waited for: a member that hangs may hold up even the end of a request.
        let watching = Task { [messages] in
            defer { breakOff.finish() }
            do {
                try await EtcdWatchStream(messages: messages).run(connection, from: start) {
                    turn.begin(at: start)
                } receive: { events, revision in
                    turn.receive(events, through: revision)
                }
            } catch {
                turn.fail(error)
            }
        }
        for await _ in broken {}
        watching.cancel()
        guard let failure = turn.end() else { return }
        if case EtcdWatchStream.Failure.compacted = failure { throw failure }
        client.leave(index, because: EtcdFailure(failure))
        throw failure
    }

    /// Begins the watch of etcd anew when it stands still while a commit waits for it: its member may hang.
    private func lookForStall() {
        let isFirst = looksForStall.withLock { looks in
            defer { looks = true }
            return !looks
        }
        guard isFirst else { return }
        Task {
            while feed.isAwaited {
                let before = feed.position
                try? await Task.sleep(for: configuration.attempt / 2)
                if feed.isAwaited, feed.position == before { restart.withLock { $0 }?.finish() }
            }
            looksForStall.withLock { $0 = false }
            // Who came in between has found it taken.
            if feed.isAwaited { lookForStall() }
        }
    }

    /// What lies between the last change that was told and the newest is compacted: all watches are over, and begin with a new read.
    private func beginAnew() async {
        guard case .success(let revision) = await Self.newestRevision(client, messages) else { return }
        feed.begin(at: revision)
    }

    /// Tells new watches of the past, all that are waiting at once.
    private func tellNewcomers() async {
        for await _ in feed.arrivals {
            guard let newcomers = feed.takeNewcomers() else { continue }
            while !newcomers.isDone, !Task.isCancelled {
                do {
                    try await tellPast(newcomers)
                } catch EtcdWatchStream.Failure.compacted(let revision) {
                    noteCompacted(revision)
                    feed.end(newcomers.watchers.filter { $0.start < revision }, .compacted(requested: newcomers.told, compacted: revision))
                    for watcher in newcomers.watchers where watcher.start >= revision { feed.add(watcher) }
                    break
                } catch {
                    logger.warning("the past cannot be read from etcd, trying again", metadata: ["error": "\(storeError(error))"])
                    try? await Task.sleep(for: .milliseconds(100))
                }
            }
            if Task.isCancelled { feed.end(newcomers.watchers, .closed) }
        }
    }

    private func tellPast(_ newcomers: EtcdNewcomers) async throws {
        let (connection, _) = try client.current()
        let stream = EtcdWatchStream(messages: messages)
        try await withThrowingTaskGroup { group in
            group.addTask { [feed] in
                try await stream.run(connection, from: newcomers.told, began: {}) { feed.tellPast($0, through: $1, to: newcomers) }
            }
            group.addTask { for await _ in newcomers.done {} }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func isTold(_ revision: Int64, within limit: Duration) async -> Bool {
        await withTaskGroup { group in
            group.addTask { [feed] in
                let (told, tell) = AsyncStream.makeStream(of: Void.self)
                feed.whenTold(revision) { tell.finish() }
                for await _ in told {}
                return feed.position >= revision
            }
            group.addTask {
                try? await Task.sleep(for: limit)
                return false
            }
            defer { group.cancelAll() }
            return await group.next() ?? false
        }
    }

    // MARK: Errors

    private func noteCompacted(_ revision: Int64) {
        compaction.withLock { $0.revision = max($0.revision, revision) }
    }

    /// - Parameter revision: the revision that the request was about.
    private func storeError(_ error: any Error, about revision: Int64? = nil) -> StoreError {
        if let error = error as? StoreError { return error }
        let failure = error as? EtcdFailure ?? EtcdFailure(error)
        if let revision, failure.isCompacted { return .compacted(requested: revision, compacted: max(compactedRevision, revision + 1)) }
        if let revision, failure.isFuture { return .futureRevision(requested: revision, current: currentRevision) }
        return failure.refusal(at: client.endpoints)
    }
}
