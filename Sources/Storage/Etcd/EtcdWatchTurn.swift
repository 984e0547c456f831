import Synchronization

/// The time in which one watch of etcd feeds the store: what it brings when another has taken its place counts no more.
final class EtcdWatchTurn: Sendable {
    private struct State {
        var isOver = false
        var failure: (any Error)?
    }

    private let feed: EtcdFeed
    private let state = Mutex(State())

    init(_ feed: EtcdFeed) { self.feed = feed }

    func begin(at revision: Int64) {
        state.withLock { if !$0.isOver { feed.begin(at: revision) } }
    }

    func receive(_ events: [StoreEvent], through revision: Int64) {
        state.withLock { if !$0.isOver { feed.receive(events, through: revision) } }
    }

    func fail(_ error: any Error) {
        state.withLock { $0.failure = error }
    }

    /// - Returns: why the watch has ended, if it has by itself.
    func end() -> (any Error)? {
        state.withLock { state in
            state.isOver = true
            return state.failure
        }
    }
}
