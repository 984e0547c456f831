/// The plugins in their order, and the run of them for one pod.
struct Framework: Sendable {
    let filters: [any FilterPlugin]
    let scorers: [any ScorePlugin]
    /// The share of nodes that must be found possible before the best of them is taken, in percent; zero: by the cluster's size.
    var percentageOfNodesToScore = 0

    /// Upstream's default plugins and weights.
    static let standard = Framework(
        filters: [
            NodeUnschedulablePlugin(), NodeNamePlugin(), TaintTolerationPlugin(), NodeAffinityPlugin(), NodePortsPlugin(),
            NodeResourcesFitPlugin(), VolumeBindingPlugin(), PodTopologySpreadPlugin(), InterPodAffinityPlugin(),
        ],
        scorers: [
            TaintTolerationScore(), NodeAffinityScore(), LeastAllocatedScore(), PodTopologySpreadScore(), InterPodAffinityScore(),
            BalancedAllocationScore(), ImageLocalityScore(),
        ])

    /// From fewer nodes than this, all are looked at.
    static let feasibleNodesMin = 100

    enum Prepared {
        case filters([any NodeFilter], only: Set<String>?)
        case rejected(String, by: PluginName)
    }

    /// How many possible nodes are enough.
    func feasibleNodesWanted(of nodes: Int) -> Int {
        if nodes < Self.feasibleNodesMin { return nodes }
        var percentage = percentageOfNodesToScore
        if percentage <= 0 { percentage = max(5, 50 - nodes / 125) }
        if percentage >= 100 { return nodes }
        return max(Self.feasibleNodesMin, nodes * percentage / 100)
    }

    func prepare(_ cycle: Cycle) -> Prepared {
        var prepared: [any NodeFilter] = []
        var only: Set<String>?
        for plugin in filters {
            switch plugin.prepare(cycle) {
            case .skip: continue
            case .filter(let filter): prepared.append(filter)
            case .restricted(let names, let filter):
                only = only.map { $0.intersection(names) } ?? names
                prepared.append(filter)
            case .reject(let text): return .rejected(text, by: plugin.name)
            }
        }
        return .filters(prepared, only: only)
    }

    static func rejection(of node: NodeInfo, by filters: [any NodeFilter]) -> Rejection? {
        for filter in filters {
            if let rejection = filter.rejection(of: node) { return rejection }
        }
        return nil
    }

    /// The best of several nodes; `random` (uniform in 0..<1) decides between equals.
    func best(of nodes: [NodeInfo], _ cycle: Cycle, random: () -> Double) -> NodeInfo {
        var totals = [Int64](repeating: 0, count: nodes.count)
        var scores = totals
        for plugin in scorers {
            guard let scorer = plugin.prepare(cycle, feasible: nodes) else { continue }
            for index in nodes.indices { scores[index] = scorer.score(nodes[index]) }
            scorer.normalize(&scores)
            for index in nodes.indices { totals[index] &+= scores[index] &* plugin.weight }
        }
        let highest = totals.max() ?? 0
        var equals = 0
        for total in totals where total == highest { equals += 1 }
        // One random number for the whole choice: asking the system for it costs more than all the scores of a node.
        var skip = equals > 1 ? min(Int(random() * Double(equals)), equals - 1) : 0
        for index in totals.indices where totals[index] == highest {
            if skip == 0 { return nodes[index] }
            skip -= 1
        }
        return nodes[0]
    }

    /// Which changes may help a pod that these plugins turned down; of no plugin in particular: all.
    func helpfulEvents(for plugins: PluginSet) -> ClusterEvent {
        if plugins.isEmpty { return .all }
        var events: ClusterEvent = []
        for plugin in filters where plugins.contains(PluginSet(plugin.name)) { events.formUnion(plugin.helpfulEvents) }
        return events
    }

    /// Whether the node, taken by itself, would take the pod.
    func wouldTake(_ cycle: Cycle, _ node: NodeInfo) -> Bool {
        for plugin in filters where PluginSet.nodeLocal.contains(PluginSet(plugin.name)) {
            switch plugin.prepare(cycle) {
            case .skip: continue
            case .filter(let filter), .restricted(_, let filter): if filter.rejection(of: node) != nil { return false }
            case .reject: return false
            }
        }
        return true
    }
}
