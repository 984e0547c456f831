/// A value of a node label; pods are near to each other when their nodes share one.
struct TopologyPair: Hashable {
    var key: String
    var value: String
}

/// Holds pods near to, or away from, other pods.
struct InterPodAffinityPlugin: FilterPlugin {
    let name = PluginName.interPodAffinity
    let helpfulEvents: ClusterEvent = [.nodeAdded, .nodeLabels, .podPlaced, .podChanged, .podRemoved, .namespaceChanged]

    func prepare(_ cycle: Cycle) -> FilterPreparation {
        let pod = cycle.pod
        let cache = cycle.cache
        if pod.requiredAffinity.isEmpty && pod.requiredAntiAffinity.isEmpty && cache.podsWithRequiredAntiAffinity == 0 { return .skip }
        var filter = Filter(pod: pod)
        for node in cache.nodes {
            for existing in node.podsWithRequiredAntiAffinity {
                for term in existing.requiredAntiAffinity where term.matches(pod, in: cache) {
                    if let value = node.labels[term.topologyKey] { filter.forbidden.insert(TopologyPair(key: term.topologyKey, value: value)) }
                }
            }
            if pod.requiredAffinity.isEmpty && pod.requiredAntiAffinity.isEmpty { continue }
            for existing in node.pods {
                if !pod.requiredAffinity.isEmpty, pod.requiredAffinity.allSatisfy({ $0.matches(existing, in: cache) }) {
                    for term in pod.requiredAffinity {
                        if let value = node.labels[term.topologyKey] { filter.wanted.insert(TopologyPair(key: term.topologyKey, value: value)) }
                    }
                }
                for term in pod.requiredAntiAffinity where term.matches(existing, in: cache) {
                    if let value = node.labels[term.topologyKey] { filter.unwanted.insert(TopologyPair(key: term.topologyKey, value: value)) }
                }
            }
        }
        if pod.requiredAffinity.isEmpty && pod.requiredAntiAffinity.isEmpty && filter.forbidden.isEmpty { return .skip }
        // The first pod of a group that wants to be near its like must be able to start somewhere.
        filter.mayBeFirst = filter.wanted.isEmpty && pod.requiredAffinity.allSatisfy { $0.matches(pod, in: cache) }
        return .filter(filter)
    }

    private struct Filter: NodeFilter {
        let pod: PodInfo
        /// Where the pods are that this one must be near, and must not be near.
        var wanted: Set<TopologyPair> = []
        var unwanted: Set<TopologyPair> = []
        /// Where pods are that do not want this one near.
        var forbidden: Set<TopologyPair> = []
        var mayBeFirst = false

        init(pod: PodInfo) { self.pod = pod }

        func rejection(of node: NodeInfo) -> Rejection? {
            for term in pod.requiredAffinity {
                guard let value = node.labels[term.topologyKey],
                    mayBeFirst || wanted.contains(TopologyPair(key: term.topologyKey, value: value))
                else { return Rejection(.interPodAffinity, .podAffinity, preemptionMayHelp: false) }
            }
            for term in pod.requiredAntiAffinity where !unwanted.isEmpty {
                if let value = node.labels[term.topologyKey], unwanted.contains(TopologyPair(key: term.topologyKey, value: value)) {
                    return Rejection(.interPodAffinity, .podAntiAffinity, preemptionMayHelp: true)
                }
            }
            for pair in forbidden where node.labels[pair.key] == pair.value {
                return Rejection(.interPodAffinity, .existingAntiAffinity, preemptionMayHelp: true)
            }
            return nil
        }
    }
}

/// Prefers nodes near to pods that this one likes, or that like this one.
struct InterPodAffinityScore: ScorePlugin {
    let weight: Int64 = 2
    /// What an existing pod's required affinity counts for the pods it wants near.
    let hardAffinityWeight: Int64 = 1

    func prepare(_ cycle: Cycle, feasible: [NodeInfo]) -> (any NodeScorer)? {
        let pod = cycle.pod
        let cache = cycle.cache
        let hasPreferences = !pod.preferredAffinity.isEmpty || !pod.preferredAntiAffinity.isEmpty
        if !hasPreferences && cache.podsWithAffinity == 0 { return nil }
        var sums: [TopologyPair: Int64] = [:]
        func add(_ term: AffinityTerm, _ weight: Int64, at node: NodeInfo) {
            guard let value = node.labels[term.topologyKey] else { return }
            let pair = TopologyPair(key: term.topologyKey, value: value)
            sums[pair] = (sums[pair] ?? 0).saturatingAdding(weight)
        }
        for node in cache.nodes {
            for existing in hasPreferences ? node.pods : node.podsWithAffinity {
                for preferred in pod.preferredAffinity where preferred.term.matches(existing, in: cache) {
                    add(preferred.term, preferred.weight, at: node)
                }
                for preferred in pod.preferredAntiAffinity where preferred.term.matches(existing, in: cache) {
                    add(preferred.term, -preferred.weight, at: node)
                }
                if !existing.hasAffinity { continue }
                for term in existing.requiredAffinity where term.matches(pod, in: cache) { add(term, hardAffinityWeight, at: node) }
                for preferred in existing.preferredAffinity where preferred.term.matches(pod, in: cache) {
                    add(preferred.term, preferred.weight, at: node)
                }
                for preferred in existing.preferredAntiAffinity where preferred.term.matches(pod, in: cache) {
                    add(preferred.term, -preferred.weight, at: node)
                }
            }
        }
        return sums.isEmpty ? nil : Scorer(sums: sums)
    }

    private struct Scorer: NodeScorer {
        var sums: [TopologyPair: Int64]

        func score(_ node: NodeInfo) -> Int64 {
            var score: Int64 = 0
            for (pair, sum) in sums where node.labels[pair.key] == pair.value { score = score.saturatingAdding(sum) }
            return score
        }

        func normalize(_ scores: inout [Int64]) {
            guard let low = scores.min(), let high = scores.max() else { return }
            let range = Double(high.saturatingSubtracting(low))
            for index in scores.indices {
                scores[index] = range > 0 ? Int64(Double(nodeScoreMax) * Double(scores[index].saturatingSubtracting(low)) / range) : 0
            }
        }
    }
}
