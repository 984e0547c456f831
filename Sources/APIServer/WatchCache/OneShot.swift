import Synchronization

/// Something that happens once, and one task that waits for it or for its own cancellation.
final class OneShot<Value: Sendable>: Sendable {
    private enum State {
        case open
        case waiting(CheckedContinuation<Value?, Never>)
        case done(Value?)
    }

    private let state = Mutex(State.open)

    var isDone: Bool {
        state.withLock { if case .done = $0 { true } else { false } }
    }

    /// Makes it happen; nil stands for giving up. Only the first call counts.
    func finish(_ value: Value?) {
        let waiting: CheckedContinuation<Value?, Never>? = state.withLock { state in
            switch state {
            case .done:
                return nil
            case .open:
                state = .done(value)
                return nil
            case .waiting(let continuation):
                state = .done(value)
                return continuation
            }
        }
        waiting?.resume(returning: value)
    }

    /// What it came to; nil when given up or when the task was cancelled first. To be called once.
    func wait() async -> Value? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let done: Value?? = state.withLock { state in
                    if case .done(let value) = state { return .some(value) }
                    state = .waiting(continuation)
                    return nil
                }
                if let done { continuation.resume(returning: done) }
            }
        } onCancel: {
            finish(nil)
        }
    }
}
