import Synchronization

/// Lets writes of one namespace that depend on each other go one after the other, so that they do not make each other's conditions fail.
final class NamespaceTurns: Sendable {
    private let waiting = Mutex<[String: [@Sendable () -> Void]]>([:])

    /// Runs the step at once or when those before have left. Each step that has been run has to be followed by one `leave`.
    func enter(_ namespace: String, _ step: @escaping @Sendable () -> Void) {
        let isFree = waiting.withLock { waiting in
            guard waiting[namespace] != nil else {
                waiting[namespace] = []
                return true
            }
            waiting[namespace]?.append(step)
            return false
        }
        if isFree { step() }
    }

    func leave(_ namespace: String) {
        let next: (@Sendable () -> Void)? = waiting.withLock { waiting in
            guard let steps = waiting[namespace], !steps.isEmpty else {
                waiting[namespace] = nil
                return nil
            }
            return waiting[namespace]?.removeFirst()
        }
        next?()
    }
}
