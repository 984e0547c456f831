import CoreV1
import KubernetesAPI

/// The quality of service classes, from which follow the cgroup parent and the kernel's order of killing.
enum QoS: String, Sendable {
    case guaranteed = "Guaranteed"
    case burstable = "Burstable"
    case bestEffort = "BestEffort"

    /// The class the API server wrote, else the one that follows from requests and limits.
    static func classOf(_ pod: Pod) -> QoS {
        if let written = pod.status.qosClass, let value = QoS(rawValue: written) { return value }
        return compute(pod)
    }

    static func compute(_ pod: Pod) -> QoS {
        let containers = pod.spec.initContainers + pod.spec.containers
        var anything = false
        var guaranteed = true
        for container in containers {
            let requests = container.resources?.requests ?? [:]
            let limits = container.resources?.limits ?? [:]
            for name in ["cpu", "memory"] {
                let limit = limits[name].flatMap { $0.milliValue > 0 ? $0 : nil }
                let request = (requests[name] ?? limits[name]).flatMap { $0.milliValue > 0 ? $0 : nil }
                if limit != nil || request != nil { anything = true }
                guard let limit, let request, limit.milliValue == request.milliValue else {
                    guaranteed = false
                    continue
                }
            }
        }
        if !anything { return .bestEffort }
        return guaranteed ? .guaranteed : .burstable
    }
}
