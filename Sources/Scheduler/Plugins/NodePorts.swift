/// Keeps two pods from claiming the same port of a node.
struct NodePortsPlugin: FilterPlugin {
    let name = PluginName.nodePorts
    let helpfulEvents: ClusterEvent = [.nodeAdded, .podRemoved]

    func prepare(_ cycle: Cycle) -> FilterPreparation {
        cycle.pod.ports.isEmpty ? .skip : .filter(Filter(ports: cycle.pod.ports))
    }

    private struct Filter: NodeFilter {
        var ports: [HostPort]
        private static let rejected = Rejection(.nodePorts, .nodePorts, preemptionMayHelp: true)

        init(ports: [HostPort]) { self.ports = ports }

        func rejection(of node: NodeInfo) -> Rejection? {
            if node.ports.isEmpty { return nil }
            return node.ports.contains { used in ports.contains { $0.conflicts(with: used) } } ? Self.rejected : nil
        }
    }
}
