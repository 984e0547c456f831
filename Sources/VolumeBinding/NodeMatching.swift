package import CoreV1
import KubernetesAPI

/// The parts of a node by which selectors choose.
package struct SelectableNode: Sendable {
    package var name: String
    package var labels: [String: String]

    package init(name: String, labels: [String: String]) {
        self.name = name
        self.labels = labels
    }

    package init(_ node: Node) { self.init(name: node.metadata.name ?? "", labels: node.metadata.labels) }
}

extension NodeSelectorTerm {
    /// All requirements hold; a term without any matches nothing.
    package func matches(_ node: SelectableNode) -> Bool {
        if matchExpressions.isEmpty, matchFields.isEmpty { return false }
        return matchExpressions.allSatisfy { $0.matches(node.labels[$0.key]) }
            && matchFields.allSatisfy { $0.key == "metadata.name" && $0.matches(node.name) }
    }
}

extension NodeSelectorRequirement {
    package func matches(_ value: String?) -> Bool {
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
