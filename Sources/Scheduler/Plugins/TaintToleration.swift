import CoreV1

extension Toleration {
    /// Whether a pod with this toleration may ignore the taint.
    func tolerates(_ taint: Taint) -> Bool {
        if let effect, !effect.isEmpty, effect != taint.effect { return false }
        if let key, !key.isEmpty, key != taint.key { return false }
        switch self.operator ?? "Equal" {
        case "", "Equal": return (value ?? "") == (taint.value ?? "") && !(key ?? "").isEmpty
        case "Exists": return true
        case "Gt", "Lt":
            guard let bound = Int64(value ?? ""), let actual = Int64(taint.value ?? "") else { return false }
            return self.operator == "Gt" ? actual > bound : actual < bound
        default: return false
        }
    }
}

/// Keeps pods off nodes with taints (NoSchedule, NoExecute) they do not tolerate.
struct TaintTolerationPlugin: FilterPlugin {
    let name = PluginName.taintToleration
    let helpfulEvents: ClusterEvent = [.nodeAdded, .nodeTaints]

    func prepare(_ cycle: Cycle) -> FilterPreparation {
        cycle.cache.taintedNodes == 0 ? .skip : .filter(Filter(tolerations: cycle.pod.tolerations))
    }

    /// A class, for it remembers what it has found out.
    private final class Filter: NodeFilter {
        private let tolerations: [Toleration]
        /// By the class of the nodes' taints; few, so a short list.
        private var known: [(taintsClass: Int, isTolerated: Bool)] = []
        private static let rejected = Rejection(.taintToleration, .untoleratedTaints, preemptionMayHelp: false)

        init(tolerations: [Toleration]) { self.tolerations = tolerations }

        func rejection(of node: NodeInfo) -> Rejection? {
            let taintsClass = node.hardTaintsClass
            if taintsClass == 0 { return nil }
            for entry in known where entry.taintsClass == taintsClass { return entry.isTolerated ? nil : Self.rejected }
            let isTolerated = node.hardTaints.allSatisfy { taint in tolerations.contains { $0.tolerates(taint) } }
            // Where all nodes differ, remembering them would only make the list long.
            if known.count < Self.knownMax { known.append((taintsClass, isTolerated)) }
            return isTolerated ? nil : Self.rejected
        }

        private static let knownMax = 16
    }
}

/// Prefers nodes with fewer taints (PreferNoSchedule) that the pod does not tolerate.
struct TaintTolerationScore: ScorePlugin {
    let weight: Int64 = 3

    func prepare(_ cycle: Cycle, feasible: [NodeInfo]) -> (any NodeScorer)? {
        if feasible.allSatisfy({ $0.softTaints.isEmpty }) { return nil }
        return Scorer(tolerations: cycle.pod.tolerations.filter { ($0.effect ?? "").isEmpty || $0.effect == "PreferNoSchedule" })
    }

    private struct Scorer: NodeScorer {
        var tolerations: [Toleration]

        func score(_ node: NodeInfo) -> Int64 {
            var count: Int64 = 0
            for taint in node.softTaints where !tolerations.contains(where: { $0.tolerates(taint) }) { count += 1 }
            return count
        }

        func normalize(_ scores: inout [Int64]) { normalizeByMaximum(&scores, reversed: true) }
    }
}
