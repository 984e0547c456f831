import CoreV1
import KubernetesClient

/// Sends events about pods through the API.
struct RecordedEvents: EventSink {
    var recorder: EventRecorder

    func record(_ pod: Pod, container: String?, warning: Bool, reason: String, message: String) {
        let path = container.flatMap { name -> String? in
            switch pod.container(name)?.kind {
            case .regular: "spec.containers{\(name)}"
            case .initialization: "spec.initContainers{\(name)}"
            case .ephemeral: "spec.ephemeralContainers{\(name)}"
            case nil: nil
            }
        }
        recorder.event(pod, type: warning ? "Warning" : "Normal", reason: reason, message: message, fieldPath: path)
    }
}
