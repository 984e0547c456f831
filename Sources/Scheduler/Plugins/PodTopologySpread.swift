import Glibc
import KubernetesClient

/// Holds pods to an even spread over zones, nodes or other parts of the cluster.
struct PodTopologySpreadPlugin: FilterPlugin {
    let name = PluginName.podTopologySpread
    let helpfulEvents: ClusterEvent = [.nodeAdded, .nodeLabels, .nodeTaints, .nodeRemoved, .podPlaced, .podChanged, .podRemoved]

    func prepare(_ cycle: Cycle) -> FilterPreparation {
        let constraints = cycle.pod.spread.filter(\.isRequired)
        if constraints.isEmpty { return .skip }
        return .filter(
            Filter(
                checks: constraints.map { constraint in
                    let counts = SpreadCounts(constraint, among: constraints, cycle)
                    return Filter.Check(
                        constraint: constraint, counts: counts.perValue,
                        least: Int64(counts.perValue.count) < constraint.minDomains ? 0 : counts.perValue.values.min() ?? 0,
                        own: constraint.selector.matches(cycle.pod.labels) ? 1 : 0)
                }))
    }

    private struct Filter: NodeFilter {
        struct Check {
            var constraint: SpreadConstraint
            var counts: [String: Int64]
            /// The pods in the emptiest part.
            var least: Int64
            /// One when the pod counts itself.
            var own: Int64
        }

        var checks: [Check]

        func rejection(of node: NodeInfo) -> Rejection? {
            for check in checks {
                guard let value = node.labels[check.constraint.topologyKey] else {
                    return Rejection(.podTopologySpread, .topologySpreadLabel, preemptionMayHelp: false)
                }
                if (check.counts[value] ?? 0) + check.own - check.least > check.constraint.maxSkew {
                    return Rejection(.podTopologySpread, .topologySpread, preemptionMayHelp: true)
                }
            }
            return nil
        }
    }
}

/// The pods a constraint counts, by the value of its label.
struct SpreadCounts {
    var perValue: [String: Int64] = [:]

    /// Counts on the nodes that the constraint is about: they bear the labels of all constraints and, where it says so, are nodes the pod may
    /// go to.
    init(_ constraint: SpreadConstraint, among constraints: [SpreadConstraint], _ cycle: Cycle) {
        for node in cycle.cache.nodes {
            guard let value = node.labels[constraint.topologyKey], Self.isCounted(node, constraint, among: constraints, cycle) else { continue }
            perValue[value, default: 0] += Self.count(on: node, constraint, cycle)
        }
    }

    static func isCounted(_ node: NodeInfo, _ constraint: SpreadConstraint, among constraints: [SpreadConstraint], _ cycle: Cycle) -> Bool {
        guard constraints.allSatisfy({ node.labels[$0.topologyKey] != nil }) else { return false }
        if constraint.honorsNodeAffinity, let selection = cycle.pod.nodeSelection, !selection.matches(node) { return false }
        if constraint.honorsTaints {
            return node.hardTaints.allSatisfy { taint in cycle.pod.tolerations.contains { $0.tolerates(taint) } }
        }
        return true
    }

    static func count(on node: NodeInfo, _ constraint: SpreadConstraint, _ cycle: Cycle) -> Int64 {
        var count: Int64 = 0
        for pod in node.pods where !pod.isTerminating && pod.key.namespace == cycle.pod.key.namespace {
            if constraint.selector.matches(pod.labels) { count += 1 }
        }
        return count
    }
}

/// Prefers an even spread: by the pod's own constraints that are preferences, or, where it has none at all, of the pods of one controller
/// over hosts and zones.
struct PodTopologySpreadScore: ScorePlugin {
    let weight: Int64 = 2

    static let hostnameLabel = "kubernetes.io/hostname"
    /// The skews that upstream's built-in default constraints accept.
    static let defaultHostSkew: Int64 = 3
    static let defaultZoneSkew: Int64 = 5

    func prepare(_ cycle: Cycle, feasible: [NodeInfo]) -> (any NodeScorer)? {
        let constraints = cycle.pod.spread.filter { !$0.isRequired }
        if !constraints.isEmpty { return ConstraintScorer(constraints, cycle, feasible) }
        guard cycle.pod.spread.isEmpty, let siblings = cycle.pod.siblings, !siblings.onNode.isEmpty else { return nil }
        return SiblingScorer(siblings, cycle, feasible)
    }

    /// More pods over more places weigh less: the weight grows with the logarithm of the number of places.
    static func placesWeight(_ places: Int) -> Double { log(Double(places + 2)) }

    /// The fewest pods give 100, the most pods the least; `nil` scores (left out nodes) give 0.
    static func normalize(_ scores: inout [Int64], ignoring isIgnored: (Int) -> Bool) {
        var low = Int64.max
        var high: Int64 = 0
        for index in scores.indices where !isIgnored(index) {
            low = min(low, scores[index])
            high = max(high, scores[index])
        }
        for index in scores.indices {
            if isIgnored(index) {
                scores[index] = 0
            } else {
                scores[index] = high == 0 ? nodeScoreMax : nodeScoreMax * (high + low - scores[index]) / high
            }
        }
    }

    /// Spread of the pods of one controller, from the counts that the cache keeps.
    private struct SiblingScorer: NodeScorer {
        var siblings: SiblingGroup
        var hostWeight: Double
        var zoneWeight: Double
        var perZone: [String: Int]

        init(_ siblings: SiblingGroup, _ cycle: Cycle, _ feasible: [NodeInfo]) {
            self.siblings = siblings
            hostWeight = PodTopologySpreadScore.placesWeight(feasible.count)
            var zones: Set<String> = []
            for node in feasible {
                if let zone = node.zone { zones.insert(zone) }
            }
            zoneWeight = PodTopologySpreadScore.placesWeight(zones.count)
            perZone = [:]
            if zones.isEmpty { return }
            for node in cycle.cache.nodes {
                guard let zone = node.zone, let count = siblings.onNode[node.slot] else { continue }
                perZone[zone, default: 0] += count
            }
        }

        func score(_ node: NodeInfo) -> Int64 {
            var score = Double(siblings.onNode[node.slot] ?? 0) * hostWeight + Double(PodTopologySpreadScore.defaultHostSkew - 1)
            if !perZone.isEmpty, let zone = node.zone {
                score += Double(perZone[zone] ?? 0) * zoneWeight + Double(PodTopologySpreadScore.defaultZoneSkew - 1)
            }
            return Int64(score.rounded())
        }

        func normalize(_ scores: inout [Int64]) { PodTopologySpreadScore.normalize(&scores) { _ in false } }
    }

    private struct ConstraintScorer: NodeScorer {
        private struct Part {
            var constraint: SpreadConstraint
            var weight: Double
            /// Nil for hosts, where the node itself is counted.
            var counts: [String: Int64]?
        }

        private var parts: [Part]
        private let cycle: Cycle
        private let ignored: [Bool]

        init(_ constraints: [SpreadConstraint], _ cycle: Cycle, _ feasible: [NodeInfo]) {
            self.cycle = cycle
            let ignored = feasible.map { node in !constraints.allSatisfy { node.labels[$0.topologyKey] != nil } }
            self.ignored = ignored
            let considered = zip(feasible, ignored).filter { !$0.1 }.map(\.0)
            parts = constraints.map { constraint in
                if constraint.topologyKey == PodTopologySpreadScore.hostnameLabel {
                    return Part(constraint: constraint, weight: PodTopologySpreadScore.placesWeight(considered.count), counts: nil)
                }
                let values = Set(considered.compactMap { $0.labels[constraint.topologyKey] })
                let counts = SpreadCounts(constraint, among: constraints, cycle).perValue.filter { values.contains($0.key) }
                return Part(constraint: constraint, weight: PodTopologySpreadScore.placesWeight(values.count), counts: counts)
            }
        }

        func score(_ node: NodeInfo) -> Int64 {
            var score = 0.0
            for part in parts {
                guard let value = node.labels[part.constraint.topologyKey] else { continue }
                let count = part.counts.map { $0[value] ?? 0 } ?? SpreadCounts.count(on: node, part.constraint, cycle)
                score += Double(count) * part.weight + Double(part.constraint.maxSkew - 1)
            }
            return Int64(score.rounded())
        }

        func normalize(_ scores: inout [Int64]) { PodTopologySpreadScore.normalize(&scores) { ignored[$0] } }
    }
}
