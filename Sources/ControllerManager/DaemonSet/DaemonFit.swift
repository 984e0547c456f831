import CoreV1
import KubernetesAPI

/// Whether a node is to have a daemon.
struct DaemonFit: Equatable {
    /// A pod is to be made when there is none.
    var shouldRun: Bool
    /// A pod that is there may stay.
    var mayContinue: Bool

    /// - Parameter template: with the tolerations of all daemons.
    init(_ template: PodTemplateSpec, on node: Node) {
        let wanted = template.spec.nodeName ?? ""
        guard wanted.isEmpty || wanted == node.metadata.name, template.spec.selects(node) else {
            (shouldRun, mayContinue) = (false, false)
            return
        }
        shouldRun = template.spec.untolerated(node.spec.taints, ["NoSchedule", "NoExecute"]) == nil
        // A taint against new pods leaves alone what runs.
        mayContinue = shouldRun || template.spec.untolerated(node.spec.taints, ["NoExecute"]) == nil
    }
}
