/// Holds pods to the nodes that their `nodeSelector` and required node affinity select.
struct NodeAffinityPlugin: FilterPlugin {
    let name = PluginName.nodeAffinity
    let helpfulEvents: ClusterEvent = [.nodeAdded, .nodeLabels]

    func prepare(_ cycle: Cycle) -> FilterPreparation {
        guard let selection = cycle.pod.nodeSelection else { return .skip }
        let filter = Filter(selected: cycle.cache.nodeClasses.nodes(selectedBy: selection))
        return selection.nodeNames.map { .restricted(to: $0, filter) } ?? .filter(filter)
    }

    private struct Filter: NodeFilter {
        let selected: SelectedNodes
        private static let rejected = Rejection(.nodeAffinity, .nodeAffinity, preemptionMayHelp: false)

        init(selected: SelectedNodes) { self.selected = selected }

        func rejection(of node: NodeInfo) -> Rejection? {
            selected.contains(node) ? nil : Self.rejected
        }
    }
}

/// Prefers nodes that match more of the preferred terms.
struct NodeAffinityScore: ScorePlugin {
    let weight: Int64 = 2

    func prepare(_ cycle: Cycle, feasible: [NodeInfo]) -> (any NodeScorer)? {
        cycle.pod.preferredNodes.isEmpty ? nil : Scorer(terms: cycle.pod.preferredNodes)
    }

    private struct Scorer: NodeScorer {
        var terms: [PreferredNodeTerm]

        func score(_ node: NodeInfo) -> Int64 {
            var sum: Int64 = 0
            for term in terms where term.term.matches(node) { sum = sum.saturatingAdding(term.weight) }
            return sum
        }

        func normalize(_ scores: inout [Int64]) { normalizeByMaximum(&scores, reversed: false) }
    }
}
