import CoreV1
import JSON
import KubernetesAPI

/// One requirement on labels or fields, with numbers parsed and values ready to compare.
struct Requirement: Sendable {
    enum Operator: Sendable {
        case `in`, notIn, exists, doesNotExist
        case greaterThan(Int64?)
        case lessThan(Int64?)
        /// The operator is unknown; nothing matches.
        case never
    }

    var key: String
    var operation: Operator
    var values: [String]

    init(key: String, operator name: String, values: [String]) {
        self.key = key
        self.values = values
        operation =
            switch name {
            case "In": .in
            case "NotIn": .notIn
            case "Exists": .exists
            case "DoesNotExist": .doesNotExist
            case "Gt": .greaterThan(values.count == 1 ? Int64(values[0]) : nil)
            case "Lt": .lessThan(values.count == 1 ? Int64(values[0]) : nil)
            default: .never
            }
    }

    func matches(_ value: String?) -> Bool {
        switch operation {
        case .in: value.map { values.contains($0) } ?? false
        case .notIn: value.map { !values.contains($0) } ?? true
        case .exists: value != nil
        case .doesNotExist: value == nil
        case .greaterThan(let bound): compare(value, bound) { $0 > $1 }
        case .lessThan(let bound): compare(value, bound) { $0 < $1 }
        case .never: false
        }
    }

    private func compare(_ value: String?, _ bound: Int64?, _ isRight: (Int64, Int64) -> Bool) -> Bool {
        guard let bound, let value, let number = Int64(value) else { return false }
        return isRight(number, bound)
    }
}

/// A label selector ready to match. An absent one matches nothing, an empty one everything.
struct LabelMatcher: Sendable {
    private var equal: [(key: String, value: String)] = []
    private var requirements: [Requirement] = []
    private var isAbsent = false

    init(_ selector: LabelSelector?) {
        guard let selector else {
            isAbsent = true
            return
        }
        equal = selector.matchLabels.map { ($0.key, $0.value) }
        requirements = selector.matchExpressions.map { Requirement(key: $0.key, operator: $0.operator, values: $0.values) }
    }

    /// Adds the demand that a label has this value.
    mutating func require(_ key: String, _ value: String) { equal.append((key, value)) }

    var matchesEverything: Bool { !isAbsent && equal.isEmpty && requirements.isEmpty }

    func matches(_ labels: [String: String]) -> Bool {
        if isAbsent { return false }
        return equal.allSatisfy { labels[$0.key] == $0.value } && requirements.allSatisfy { $0.matches(labels[$0.key]) }
    }
}

/// Where a pod may go by its `nodeSelector` and its required node affinity. Nil when it may go anywhere.
struct NodeSelection: Sendable {
    /// Equal texts: equal selections.
    let text: String
    private var labels: [(key: String, value: String)]
    /// One of these must match; nil: no such demand. An empty list matches nothing.
    private var terms: [NodeTerm]?

    init?(_ spec: PodSpec) {
        let required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
        if spec.nodeSelector.isEmpty && required == nil { return nil }
        labels = spec.nodeSelector.map { ($0.key, $0.value) }
        let selector = JSONValue(spec.nodeSelector).serialized() + (required?.jsonBytes() ?? [])
        text = String(decoding: selector, as: UTF8.self)
        terms = required.map { $0.nodeSelectorTerms.map { NodeTerm($0) } }
    }

    func matches(_ node: NodeInfo) -> Bool {
        labels.allSatisfy { node.labels[$0.key] == $0.value } && (terms?.contains { $0.matches(node) } ?? true)
    }

    /// The only nodes it can be, when every term names some: as the pods of daemon sets do.
    var nodeNames: Set<String>? {
        guard let terms, !terms.isEmpty else { return nil }
        var names: Set<String> = []
        for term in terms {
            guard let own = term.nodeNames else { return nil }
            names.formUnion(own)
        }
        return names
    }
}

struct PreferredNodeTerm: Sendable {
    var weight: Int64
    var term: NodeTerm

    init(_ preferred: PreferredSchedulingTerm) {
        weight = Int64(preferred.weight)
        term = NodeTerm(preferred.preference ?? NodeSelectorTerm())
    }
}

/// One term of a node selector: all requirements must match; an empty term matches nothing.
struct NodeTerm: Sendable {
    private var labels: [Requirement]
    private var fields: [Requirement]

    init(_ term: NodeSelectorTerm) {
        labels = term.matchExpressions.map { Requirement(key: $0.key, operator: $0.operator, values: $0.values) }
        fields = term.matchFields.map { Requirement(key: $0.key, operator: $0.operator, values: $0.values) }
    }

    func matches(_ node: NodeInfo) -> Bool {
        if labels.isEmpty && fields.isEmpty { return false }
        return labels.allSatisfy { $0.matches(node.labels[$0.key]) }
            && fields.allSatisfy { $0.key == "metadata.name" && $0.matches(node.name) }
    }

    var nodeNames: Set<String>? {
        var names: Set<String>?
        for field in fields where field.key == "metadata.name" {
            guard case .in = field.operation else { continue }
            let own = Set(field.values)
            names = names.map { $0.intersection(own) } ?? own
        }
        return names
    }
}
