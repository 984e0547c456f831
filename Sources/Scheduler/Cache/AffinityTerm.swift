import CoreV1
import KubernetesAPI
import KubernetesClient

/// A term of pod affinity or anti-affinity.
struct AffinityTerm: Sendable {
    let topologyKey: String
    private let selector: LabelMatcher
    private let namespaces: [String]
    /// Further namespaces by their labels; nil: none.
    private let namespaceSelector: LabelMatcher?

    init(_ term: PodAffinityTerm, namespace: String) {
        topologyKey = term.topologyKey
        selector = LabelMatcher(term.labelSelector)
        namespaceSelector = term.namespaceSelector.map { LabelMatcher($0) }
        namespaces = term.namespaces.isEmpty && term.namespaceSelector == nil ? [namespace] : term.namespaces
    }

    func matches(_ pod: PodInfo, in cache: SchedulerCache) -> Bool {
        guard selector.matches(pod.labels) else { return false }
        if namespaces.contains(pod.key.namespace) { return true }
        guard let namespaceSelector else { return false }
        return namespaceSelector.matchesEverything || namespaceSelector.matches(cache.namespaceLabels[pod.key.namespace] ?? [:])
    }
}

struct WeightedAffinityTerm: Sendable {
    var weight: Int64
    var term: AffinityTerm
}

/// A demand to spread pods over the values of a node label.
struct SpreadConstraint: Sendable {
    let topologyKey: String
    let maxSkew: Int64
    let minDomains: Int64
    let isRequired: Bool
    let selector: LabelMatcher
    /// Whether nodes that the pod may not go to by selector or taint are left out of the count.
    let honorsNodeAffinity: Bool
    let honorsTaints: Bool

    init(_ constraint: TopologySpreadConstraint, podLabels: [String: String]) {
        topologyKey = constraint.topologyKey
        maxSkew = Int64(constraint.maxSkew)
        minDomains = Int64(constraint.minDomains ?? 1)
        isRequired = constraint.whenUnsatisfiable == "DoNotSchedule"
        honorsNodeAffinity = (constraint.nodeAffinityPolicy ?? "Honor") == "Honor"
        honorsTaints = (constraint.nodeTaintsPolicy ?? "Ignore") == "Honor"
        var selector = LabelMatcher(constraint.labelSelector)
        for key in constraint.matchLabelKeys {
            if let value = podLabels[key] { selector.require(key, value) }
        }
        self.selector = selector
    }
}
