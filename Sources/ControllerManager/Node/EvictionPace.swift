import CoreV1
import KubernetesAPI
import KubernetesClient

/// How fast nodes that are lost may be given the taints that evict their pods.
///
/// One node that is lost is emptied at once. Where many are lost in one zone it is more likely the network that is: then the pace drops, and when no
/// node of the whole cluster is ready, nothing is evicted at all, since it is we who are cut off. Only the decisions, with upstream's numbers; time
/// is handed in.
struct EvictionPace {
    /// Nodes a second in each zone: ordinarily, and in a large zone that is largely lost.
    static let nodesPerSecond = 0.1
    static let secondaryNodesPerSecond = 0.01
    /// A zone with this share of its nodes lost, and more than two of them, counts as largely lost.
    static let unhealthyShare = 0.55
    /// A zone with more nodes than this is large; in a smaller one that is largely lost nothing is evicted.
    static let largeZoneNodes = 50

    private struct Zone {
        var nodesPerSecond = EvictionPace.nodesPerSecond
        /// What may be granted now; never more than one node.
        var allowance = 1.0
        var refilledAt: Duration
    }

    /// No node is ready.
    private(set) var isHalted = false
    private var zones: [String: Zone] = [:]
    private var granted: Set<String> = []
    /// Nodes that wait for their turn, in order, and the zones they are in.
    private var waiting: [(node: String, zone: String)] = []

    /// The key of a node's zone, by region and zone.
    static func zone(of node: Node) -> String {
        let labels = node.metadata.labels
        return "\(labels["topology.kubernetes.io/region"] ?? "")/\(labels["topology.kubernetes.io/zone"] ?? "")"
    }

    /// Takes in how the cluster is.
    /// - Parameter nodes: the zone of every node and whether it is ready.
    /// - Returns: the nodes whose turn has come; nil: everything is to be looked at again, since evictions have been halted or go on.
    mutating func update(_ nodes: [(zone: String, isReady: Bool)], now: Duration) -> [String]? {
        var counts: [String: (ready: Int, lost: Int)] = [:]
        for node in nodes {
            if node.isReady { counts[node.zone, default: (0, 0)].ready += 1 } else { counts[node.zone, default: (0, 0)].lost += 1 }
        }
        let wasHalted = isHalted
        isHalted = !nodes.isEmpty && counts.values.allSatisfy { $0.ready == 0 }
        zones = zones.filter { counts[$0.key] != nil }
        for (name, count) in counts {
            var zone = zones[name] ?? Zone(refilledAt: now)
            Self.refill(&zone, now)
            zone.nodesPerSecond = Self.pace(ready: count.ready, lost: count.lost)
            zones[name] = zone
        }
        if isHalted != wasHalted {
            granted = []
            waiting = []
            return nil
        }
        var next: [String] = []
        let line = waiting
        waiting = []
        for entry in line {
            if take(entry.zone) {
                granted.insert(entry.node)
                next.append(entry.node)
            } else {
                waiting.append(entry)
            }
        }
        return next
    }

    /// Whether the node may be given evicting taints now. If not it is in line, and `update` says when its turn has come.
    mutating func mayEvict(_ node: String, zone: String, now: Duration) -> Bool {
        if isHalted { return false }
        if granted.contains(node) { return true }
        if waiting.contains(where: { $0.node == node }) { return false }
        var own = zones[zone] ?? Zone(refilledAt: now)
        Self.refill(&own, now)
        zones[zone] = own
        guard !waiting.contains(where: { $0.zone == zone }), take(zone) else {
            waiting.append((node, zone))
            return false
        }
        granted.insert(node)
        return true
    }

    /// The node is well again, or gone.
    mutating func forget(_ node: String) {
        granted.remove(node)
        if !waiting.isEmpty { waiting.removeAll { $0.node == node } }
    }

    private static func pace(ready: Int, lost: Int) -> Double {
        // A zone that is lost as a whole while others are not is emptied: that is what zones are for.
        guard ready > 0, lost > 2, Double(lost) / Double(ready + lost) >= unhealthyShare else { return nodesPerSecond }
        return ready + lost > largeZoneNodes ? secondaryNodesPerSecond : 0
    }

    private static func refill(_ zone: inout Zone, _ now: Duration) {
        zone.allowance = min(1, zone.allowance + (now - zone.refilledAt).secondsValue * zone.nodesPerSecond)
        zone.refilledAt = now
    }

    private mutating func take(_ name: String) -> Bool {
        guard let zone = zones[name], zone.nodesPerSecond > 0, zone.allowance >= 1 else { return false }
        zones[name]?.allowance -= 1
        return true
    }
}
