import CoreV1

/// Takes the events that users read in `kubectl describe pod`. Never blocks and never fails.
protocol EventSink: Sendable {
    /// - Parameter container: the container the event is about, so that it points into the spec; nil for the pod as a whole.
    func record(_ pod: Pod, container: String?, warning: Bool, reason: String, message: String)
}

extension EventSink {
    func normal(_ pod: Pod, _ container: String? = nil, _ reason: String, _ message: String) {
        record(pod, container: container, warning: false, reason: reason, message: message)
    }

    func warning(_ pod: Pod, _ container: String? = nil, _ reason: String, _ message: String) {
        record(pod, container: container, warning: true, reason: reason, message: message)
    }
}
