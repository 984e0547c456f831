import Synchronization

/// Runs what it is handed one after the other, soon, and never on the thread of the one who hands it over.
final class WorkLine: Sendable {
    private struct State {
        var waiting: [@Sendable () -> Void] = []
        var isRunning = false
    }

    private let state = Mutex(State())
    private let clock: ServerClock

    init(_ clock: ServerClock) { self.clock = clock }

    func run(_ work: @escaping @Sendable () -> Void) {
        let begins = state.withLock { state in
            state.waiting.append(work)
            defer { state.isRunning = true }
            return !state.isRunning
        }
        if begins { clock.begin { self.drain() } }
    }

    private func drain() {
        while true {
            let next = state.withLock { state in
                let next = state.waiting
                state.waiting = []
                state.isRunning = !next.isEmpty
                return next
            }
            if next.isEmpty { return }
            for work in next { work() }
        }
    }
}
