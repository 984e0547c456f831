import CoreV1

/// Keeps pods off cordoned nodes, unless they tolerate that.
struct NodeUnschedulablePlugin: FilterPlugin, NodeFilter {
    let name = PluginName.nodeUnschedulable
    let helpfulEvents: ClusterEvent = [.nodeAdded, .nodeTaints]

    private static let rejected = Rejection(.nodeUnschedulable, .nodeUnschedulable, preemptionMayHelp: false)

    func prepare(_ cycle: Cycle) -> FilterPreparation {
        if cycle.cache.cordonedNodes == 0 { return .skip }
        var taint = Taint()
        taint.key = "node.kubernetes.io/unschedulable"
        taint.effect = "NoSchedule"
        return cycle.pod.tolerations.contains { $0.tolerates(taint) } ? .skip : .filter(self)
    }

    func rejection(of node: NodeInfo) -> Rejection? {
        node.isUnschedulable ? Self.rejected : nil
    }
}
