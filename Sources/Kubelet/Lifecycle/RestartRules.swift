import CoreV1
import KubernetesAPI

/// Which container of a pod may be started again after it ended.
enum RestartRules {
    /// Whether an init container keeps running beside the others.
    static func isSidecar(_ container: Container) -> Bool {
        container.restartPolicy == "Always"
    }

    /// The policy that holds for a container of `spec.containers`: its own one, else the pod's.
    static func policy(_ container: Container, _ pod: Pod) -> String {
        container.restartPolicy ?? pod.spec.restartPolicy ?? "Always"
    }

    /// Whether a container of `spec.containers` in this state must be (re)started, leaving back-off aside.
    static func mustStart(_ container: Container, _ pod: Pod, _ newest: ObservedContainer?) -> Bool {
        guard pod.metadata.deletionTimestamp == nil else { return false }
        guard let newest else { return true }
        switch newest.state {
        case .running: return false
        case .created, .unknown: return true
        case .exited:
            switch policy(container, pod) {
            case "Never": return false
            case "OnFailure": return newest.exitCode != 0
            default: return true
            }
        }
    }

    /// Whether any ending of the pod's containers could lead to a restart.
    static func restartsOnFailure(_ pod: Pod) -> Bool {
        pod.spec.restartPolicy != "Never" || pod.spec.containers.contains { policy($0, pod) != "Never" }
    }
}
