import Synchronization

/// A store that lives and dies with the process: for tests and simulation.
///
/// There is no thread of its own. A commit is made by the thread that asks for it; whoever finds nobody announcing announces (to watches, then to
/// the one who committed) everything that has been made, in order, his own and others'. So with one thread, and with a manual clock, everything
/// happens in the same order every time.
package final class MemoryStore: EmbeddedStore {
    private let state: Mutex<State>
    private let clock: any StoreClock

    package init(clock: any StoreClock = SystemStoreClock()) {
        self.clock = clock
        state = Mutex(State())
    }

    package var currentRevision: Int64 { state.withLock { $0.announcedRevision } }
    package var compactedRevision: Int64 { state.withLock { $0.data.compacted } }

    package func range(_ request: RangeRequest) async throws(StoreError) -> RangeResult {
        let result: Result<RangeResult, StoreError> = state.withLock { state in
            guard !state.closed else { return .failure(.closed) }
            return Result { () throws(StoreError) in try state.data.range(request) }
        }
        return try result.get()
    }

    package func commit(_ transaction: Transaction, completion: @escaping @Sendable (Result<CommitResult, StoreError>) -> Void) {
        do {
            try StoreLimits.check(transaction)
        } catch {
            completion(.failure(error))
            return
        }
        let now = clock.nowMilliseconds
        state.withLock { state in
            guard !state.closed else {
                state.news.append(.answer(completion, .failure(.closed)))
                return
            }
            let (result, events) = state.data.apply(transaction, now: now)
            state.addNews(of: events)
            state.news.append(.answer(completion, .success(result)))
        }
        announce()
        scheduleExpiry()
    }

    package func watch(
        _ range: KeyRange, from revision: Int64, handler: @escaping @Sendable (WatchBatch) -> Void
    ) throws(StoreError) -> any WatchHandle {
        let watcher = Watcher(range: range, start: revision, handler: handler)
        let refusal: StoreError? = state.withLock { state in
            guard !state.closed else { return .closed }
            guard revision >= state.data.compacted else { return .compacted(requested: revision, compacted: state.data.compacted) }
            state.watchers.removeAll(where: \.isOver)
            state.watchers.append(watcher)
            state.news.append(.changes(state.data.events(after: revision), through: state.data.revision, to: [watcher]))
            state.news.append(.caughtUp(watcher, at: state.data.revision))
            return nil
        }
        if let refusal { throw refusal }
        announce()
        return watcher
    }

    package func compact(to revision: Int64) async throws(StoreError) {
        let refusal: StoreError? = state.withLock { state in
            guard !state.closed else { return .closed }
            guard revision <= state.data.revision else { return .futureRevision(requested: revision, current: state.data.revision) }
            state.data.compact(to: revision)
            return nil
        }
        if let refusal { throw refusal }
    }

    /// Ends all watches; everything asked from now on fails with `StoreError.closed`.
    package func close() {
        state.withLock { state in
            guard !state.closed else { return }
            state.closed = true
            state.news.append(.end(.closed, of: state.watchers))
            state.watchers = []
        }
        announce()
    }

    /// Tells what there is to tell, unless another thread is at it already: that one then tells this too.
    private func announce() {
        let mayBegin = state.withLock { state in
            guard !state.announcing else { return false }
            state.announcing = true
            return true
        }
        guard mayBegin else { return }
        while let news = state.withLock({ $0.takeNews() }) {
            switch news {
            case .changes(let events, let revision, let watchers):
                for watcher in watchers { watcher.tell(events, through: revision) }
                state.withLock { $0.announcedRevision = max($0.announcedRevision, revision) }
            case .caughtUp(let watcher, let revision):
                watcher.tellCaughtUp(at: revision)
            case .answer(let completion, let result):
                completion(result)
            case .end(let reason, let watchers):
                for watcher in watchers { watcher.end(reason) }
            }
        }
    }

    private func scheduleExpiry() {
        let time: Int64? = state.withLock { state in
            guard !state.closed, let next = state.data.expiries.first?.time else { return nil }
            if let scheduled = state.scheduledExpiry, scheduled <= next { return nil }
            state.scheduledExpiry = next
            return next
        }
        guard let time else { return }
        clock.call(at: time) { [weak self] in self?.expire() }
    }

    private func expire() {
        let now = clock.nowMilliseconds
        state.withLock { state in
            state.scheduledExpiry = nil
            guard !state.closed else { return }
            while true {
                let keys = state.data.takeExpiredKeys(now: now, limit: StoreLimits.operationsPerTransactionMax)
                if keys.isEmpty { return }
                let (_, events) = state.data.apply(Transaction(operations: keys.map { .delete(key: $0) }), now: now)
                state.addNews(of: events)
            }
        }
        announce()
        scheduleExpiry()
    }
}

extension MemoryStore {
    /// Something that must be told outside the lock, in the order in which it came about.
    private enum News {
        case changes([StoreEvent], through: Int64, to: [Watcher])
        case caughtUp(Watcher, at: Int64)
        case answer(@Sendable (Result<CommitResult, StoreError>) -> Void, Result<CommitResult, StoreError>)
        case end(StoreError, of: [Watcher])
    }

    private struct State {
        var data = MemoryData()
        var watchers: [Watcher] = []
        var news: [News] = []
        /// How many of `news` have been taken.
        var newsTaken = 0
        var announcing = false
        var announcedRevision: Int64 = 0
        var scheduledExpiry: Int64?
        var closed = false

        mutating func addNews(of events: [StoreEvent]) {
            guard !events.isEmpty else { return }
            watchers.removeAll(where: \.isOver)
            news.append(.changes(events, through: data.revision, to: watchers))
        }

        /// The next thing to tell; nil ends the announcing.
        mutating func takeNews() -> News? {
            guard newsTaken < news.count else {
                news.removeAll(keepingCapacity: true)
                newsTaken = 0
                announcing = false
                return nil
            }
            newsTaken += 1
            return news[newsTaken - 1]
        }
    }
}
