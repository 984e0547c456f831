import CoreV1
import KubernetesAPI
import VolumeBinding

extension PodSpec {
    /// Whether the pod's node selector and required node affinity allow the node.
    func selects(_ node: Node) -> Bool {
        guard nodeSelector.allSatisfy({ node.metadata.labels[$0.key] == $0.value }) else { return false }
        guard let required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution else { return true }
        return required.nodeSelectorTerms.contains { $0.matches(SelectableNode(node)) }
    }

    /// The first of the taints with one of the effects that no toleration covers.
    func untolerated(_ taints: [Taint], _ effects: Set<String>) -> Taint? {
        taints.first { taint in effects.contains(taint.effect) && !tolerations.contains { $0.tolerates(taint) } }
    }
}
