import KubernetesClient
import Synchronization

/// Ends one structured task from outside, without ending its siblings.
final class CancelScope: Sendable {
    private let signal = Signal()

    func cancel() { signal.set() }

    /// Runs `body`; when the scope is cancelled, `body`'s task is. Returns after `body` has.
    func run(_ body: @escaping @Sendable () async -> Void) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await body() }
            group.addTask { [signal] in try? await signal.wait() }
            await group.next()
            // Either the work is done or it is to end; both ways the other one is no longer needed.
            group.cancelAll()
        }
    }
}

/// An event that stays set until somebody has waited for it. One waiter at a time.
final class Signal: Sendable {
    private struct State {
        var isSet = false
        var waiter: CheckedContinuation<Bool, Never>?
        var isCancelled = false
    }

    private let state = Mutex(State())

    func set() {
        let waiter = state.withLock { state in
            let waiter = state.waiter
            state.waiter = nil
            if waiter == nil { state.isSet = true }
            return waiter
        }
        waiter?.resume(returning: true)
    }

    /// Returns when set, at once if it was set since the last wait.
    /// - Throws: `CancellationError`.
    func wait() async throws {
        let wasSet = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Bool, Never>) in
                let answer: Bool? = state.withLock { state in
                    if state.isSet {
                        state.isSet = false
                        return true
                    }
                    if state.isCancelled { return false }
                    state.waiter = continuation
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                let waiter = state.waiter
                state.waiter = nil
                if waiter == nil { state.isCancelled = true }
                return waiter
            }
            waiter?.resume(returning: false)
        }
        state.withLock { $0.isCancelled = false }
        if !wasSet { throw CancellationError() }
    }

    /// Waits until set or until the time has passed.
    func wait(atMost duration: Duration, _ time: TimeSource) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.wait() }
            group.addTask { try await time.sleep(duration) }
            defer { group.cancelAll() }
            try await group.next()
        }
    }
}
