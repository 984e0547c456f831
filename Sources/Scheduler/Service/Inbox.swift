import Synchronization

/// Where informers and finished bindings leave changes for the one task that decides.
final class Inbox: Sendable {
    private struct State {
        var changes: [Change] = []
        var isPoked = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    func post(_ change: Change) {
        let waiter = state.withLock { state in
            state.changes.append(change)
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    /// Ends a `wait` without a change.
    func poke() {
        let waiter = state.withLock { state in
            state.isPoked = true
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    func take() -> [Change] {
        state.withLock { state in
            defer { state.changes = [] }
            return state.changes
        }
    }

    /// Returns when there is a change or `poke` was called. For one task only.
    func wait() async {
        await withCheckedContinuation { continuation in
            let isReady = state.withLock { state in
                if !state.changes.isEmpty || state.isPoked {
                    state.isPoked = false
                    return true
                }
                state.waiter = continuation
                return false
            }
            if isReady { continuation.resume() }
        }
    }
}
