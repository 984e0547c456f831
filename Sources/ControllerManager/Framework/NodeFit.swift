import CoreV1
import KubernetesAPI

extension PodSpec {
    /// Whether the pod's node selector and required node affinity allow the node.
    func selects(_ node: Node) -> Bool {
        guard nodeSelector.allSatisfy({ node.metadata.labels[$0.key] == $0.value }) else { return false }
        guard let required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution else { return true }
        return required.nodeSelectorTerms.contains { $0.matches(node) }
    }

    /// The first of the taints with one of the effects that no toleration covers.
    func untolerated(_ taints: [Taint], _ effects: Set<String>) -> Taint? {
        taints.first { taint in effects.contains(taint.effect) && !tolerations.contains { $0.tolerates(taint) } }
    }
}

extension NodeSelectorTerm {
    /// All requirements hold; a term without any matches nothing.
    func matches(_ node: Node) -> Bool {
        if matchExpressions.isEmpty, matchFields.isEmpty { return false }
        return matchExpressions.allSatisfy { $0.matches(node.metadata.labels[$0.key]) }
            && matchFields.allSatisfy { $0.key == "metadata.name" && $0.matches(node.metadata.name) }
    }
}

extension NodeSelectorRequirement {
    func matches(_ value: String?) -> Bool {
        switch self.operator {
        case "In": value.map { values.contains($0) } ?? false
        case "NotIn": value.map { !values.contains($0) } ?? true
        case "Exists": value != nil
        case "DoesNotExist": value == nil
        case "Gt": compare(value) { $0 > $1 }
        case "Lt": compare(value) { $0 < $1 }
        default: false
        }
    }

    private func compare(_ value: String?, _ isRight: (Int64, Int64) -> Bool) -> Bool {
        guard values.count == 1, let bound = Int64(values[0]), let value, let number = Int64(value) else { return false }
        return isRight(number, bound)
    }
}
