import CoreV1

/// Holds a pod that names its node to that node.
struct NodeNamePlugin: FilterPlugin {
    let name = PluginName.nodeName
    let helpfulEvents: ClusterEvent = [.nodeAdded]

    func prepare(_ cycle: Cycle) -> FilterPreparation {
        guard let wanted = cycle.pod.pod.spec.nodeName, !wanted.isEmpty else { return .skip }
        return .filter(Filter(wanted: wanted))
    }

    private struct Filter: NodeFilter {
        var wanted: String

        func rejection(of node: NodeInfo) -> Rejection? {
            node.name == wanted ? nil : Rejection(.nodeName, .nodeName, preemptionMayHelp: false)
        }
    }
}
