import CoreV1
import KubernetesAPI

/// The taints that follow from a node's conditions.
enum NodeTaints {
    private static let notReady = "node.kubernetes.io/not-ready"
    private static let unreachable = "node.kubernetes.io/unreachable"
    private static let unschedulable = "node.kubernetes.io/unschedulable"
    private static let pressures = [
        "MemoryPressure": "node.kubernetes.io/memory-pressure", "DiskPressure": "node.kubernetes.io/disk-pressure",
        "PIDPressure": "node.kubernetes.io/pid-pressure", "NetworkUnavailable": "node.kubernetes.io/network-unavailable",
    ]
    private static let managedKeys = Set([notReady, unreachable, unschedulable] + pressures.values)

    static func isManaged(_ taint: Taint) -> Bool { managedKeys.contains(taint.key) }

    static func identity(_ taint: Taint) -> String { "\(taint.key):\(taint.effect)" }

    /// Whether a change of a node can change its managed taints, or has changed them.
    static func mayDiffer(_ old: Node, _ new: Node) -> Bool {
        old.spec.taints.map(identity) != new.spec.taints.map(identity) || old.spec.unschedulable != new.spec.unschedulable
            || old.metadata.uid != new.metadata.uid
            || old.status.conditions.map { "\($0.type)=\($0.status)" } != new.status.conditions.map { "\($0.type)=\($0.status)" }
    }

    static func isReady(_ node: Node) -> Bool {
        node.status.conditions.contains { $0.type == "Ready" && $0.status == "True" }
    }

    static func wanted(for node: Node, now: Int64) -> [Taint] {
        var taints: [Taint] = []
        func add(_ key: String, _ effects: String...) {
            for effect in effects {
                var taint = Taint()
                taint.key = key
                taint.effect = effect
                if effect == "NoExecute" { taint.timeAdded = Time(seconds: now) }
                taints.append(taint)
            }
        }
        switch node.status.conditions.first(where: { $0.type == "Ready" })?.status {
        case "True": break
        case "Unknown": add(unreachable, "NoSchedule", "NoExecute")
        case "False": add(notReady, "NoSchedule", "NoExecute")
        // A node that has not reported yet is not to be used yet, but nothing on it needs to go.
        default: add(notReady, "NoSchedule")
        }
        for (condition, key) in pressures.sorted(by: { $0.key < $1.key })
        where node.status.conditions.contains(where: { $0.type == condition && $0.status == "True" }) {
            add(key, "NoSchedule")
        }
        if node.spec.unschedulable == true { add(unschedulable, "NoSchedule") }
        return taints
    }
}
