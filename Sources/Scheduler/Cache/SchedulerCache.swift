import CoreV1
import KubernetesAPI
import KubernetesClient

/// What the scheduler knows of the cluster: nodes, the pods on them, and those it has just decided on.
///
/// Belongs to one scheduler's core and is used by one task at a time.
final class SchedulerCache {
    private struct Placed {
        var info: PodInfo
        var node: NodeInfo
        /// Decided by us and not yet seen in the API.
        var isAssumed: Bool
    }

    /// The known nodes, in an order that only changes when nodes come and go.
    private(set) var nodes: [NodeInfo] = []
    private(set) var namespaceLabels: [String: [String: String]] = [:]
    /// How many nodes have each image.
    private(set) var imageNodes: [String: Int] = [:]
    /// Pods anywhere that have affinity, and that have required anti-affinity: zero lets plugins skip their search.
    private(set) var podsWithAffinity = 0
    private(set) var podsWithRequiredAntiAffinity = 0
    /// Cordoned nodes, and nodes with taints that keep pods away: zero lets filters be left out.
    private(set) var cordonedNodes = 0
    private(set) var taintedNodes = 0
    let resourceNames = ResourceNames()
    let nodeClasses = NodeClasses()
    let volumes = VolumeCache()

    private var byName: [String: NodeInfo] = [:]
    private var placed: [String: Placed] = [:]
    private var siblingGroups: [String: SiblingGroup] = [:]
    private var freeSlots: [Int] = []
    private var nextSlot = 0

    var placedPods: Int { placed.count }

    func node(_ name: String) -> NodeInfo? {
        guard let node = byName[name], node.isKnown else { return nil }
        return node
    }

    // MARK: Pods

    func podInfo(_ pod: Pod) -> PodInfo {
        PodInfo(pod, names: resourceNames, siblings: siblings(of: pod))
    }

    private func siblings(of pod: Pod) -> SiblingGroup? {
        guard let uid = pod.metadata.ownerReferences.first(where: { $0.controller == true })?.uid else { return nil }
        if let group = siblingGroups[uid] { return group }
        let group = SiblingGroup(controllerUID: uid)
        siblingGroups[uid] = group
        return group
    }

    /// Counts a pod on a node before the API says so.
    func assume(_ info: PodInfo, on node: NodeInfo) {
        place(info, on: node, isAssumed: true)
    }

    /// Takes back an assumption that did not come true.
    func forgetAssumed(uid: String) {
        guard let entry = placed[uid], entry.isAssumed else { return }
        unplace(uid)
    }

    func isAssumed(uid: String) -> Bool { placed[uid]?.isAssumed ?? false }

    func isPlaced(uid: String) -> Bool { placed[uid] != nil }

    /// The node the pod is counted on.
    func nodeName(ofPod uid: String) -> String? { placed[uid]?.node.name }

    /// The API says that the pod is on this node. Returns what that means for pods that wait.
    @discardableResult
    func setAssigned(_ pod: Pod) -> ClusterEvent {
        let uid = pod.metadata.uid ?? NamespacedName(pod.metadata).description
        let nodeName = pod.spec.nodeName ?? ""
        if let entry = placed[uid], entry.isAssumed, entry.node.name == nodeName, entry.info.update(pod, names: resourceNames) {
            // What we assumed: the sums hold already.
            placed[uid]?.isAssumed = false
            return .podPlaced
        }
        let wasKnown = placed[uid].map { !$0.isAssumed } ?? false
        // Most updates are of the status, which changes nothing here.
        if let entry = placed[uid], entry.node.name == nodeName, entry.info.update(pod, names: resourceNames) { return [] }
        unplace(uid)
        place(podInfo(pod), on: nodeOrPlaceholder(nodeName), isAssumed: false)
        return wasKnown ? .podChanged : .podPlaced
    }

    func remove(uid: String) {
        unplace(uid)
    }

    private func place(_ info: PodInfo, on node: NodeInfo, isAssumed: Bool) {
        node.add(info)
        placed[info.uid] = Placed(info: info, node: node, isAssumed: isAssumed)
        if info.hasAffinity { podsWithAffinity += 1 }
        if !info.requiredAntiAffinity.isEmpty { podsWithRequiredAntiAffinity += 1 }
    }

    private func unplace(_ uid: String) {
        guard let entry = placed.removeValue(forKey: uid) else { return }
        entry.node.remove(entry.info)
        if entry.info.hasAffinity { podsWithAffinity -= 1 }
        if !entry.info.requiredAntiAffinity.isEmpty { podsWithRequiredAntiAffinity -= 1 }
        if let group = entry.info.siblings {
            // One reference is the pod's that leaves now.
            if group.references <= 1 { siblingGroups[group.controllerUID] = nil }
        }
        if !entry.node.isKnown && entry.node.pods.isEmpty { drop(entry.node) }
    }

    /// Runs `body` with pods moved off and onto a node, and puts everything back.
    func withChanged<R>(_ node: NodeInfo, removing: [PodInfo] = [], adding: [PodInfo] = [], _ body: () -> R) -> R {
        change(node, removing: removing, adding: adding)
        defer { change(node, removing: adding, adding: removing) }
        return body()
    }

    private func change(_ node: NodeInfo, removing: [PodInfo], adding: [PodInfo]) {
        for pod in removing {
            node.remove(pod)
            if pod.hasAffinity { podsWithAffinity -= 1 }
            if !pod.requiredAntiAffinity.isEmpty { podsWithRequiredAntiAffinity -= 1 }
        }
        for pod in adding {
            node.add(pod)
            if pod.hasAffinity { podsWithAffinity += 1 }
            if !pod.requiredAntiAffinity.isEmpty { podsWithRequiredAntiAffinity += 1 }
        }
    }

    // MARK: Nodes

    /// Returns what about the node changed in a way that pods may have waited for.
    @discardableResult
    func set(_ node: Node) -> ClusterEvent {
        let info = nodeOrPlaceholder(node.metadata.name ?? "")
        let wasKnown = info.isKnown
        let before = (info.labels, info.hardTaints.map(TaintKey.init), info.isUnschedulable, info.allocatable, info.allowedPods)
        count(info, by: -1)
        info.set(node, names: resourceNames, classes: nodeClasses)
        count(info, by: 1)
        if !wasKnown {
            nodes.append(info)
            return .nodeAdded
        }
        var event: ClusterEvent = []
        if before.0 != info.labels { event.insert(.nodeLabels) }
        if before.1 != info.hardTaints.map(TaintKey.init) || before.2 != info.isUnschedulable { event.insert(.nodeTaints) }
        if before.3 != info.allocatable || before.4 != info.allowedPods { event.insert(.nodeAllocatable) }
        return event
    }

    func removeNode(_ name: String) {
        guard let info = byName[name], info.isKnown else { return }
        count(info, by: -1)
        info.forgetNode()
        nodes.removeAll { $0 === info }
        if info.pods.isEmpty { drop(info) }
    }

    private func nodeOrPlaceholder(_ name: String) -> NodeInfo {
        if let info = byName[name] { return info }
        let slot: Int
        if let free = freeSlots.popLast() {
            slot = free
        } else {
            slot = nextSlot
            nextSlot += 1
        }
        let info = NodeInfo(name: name, slot: slot)
        byName[name] = info
        return info
    }

    private func drop(_ info: NodeInfo) {
        byName[info.name] = nil
        freeSlots.append(info.slot)
    }

    private func count(_ node: NodeInfo, by change: Int) {
        if node.isUnschedulable { cordonedNodes += change }
        if !node.hardTaints.isEmpty { taintedNodes += change }
        for name in node.images.keys {
            let count = (imageNodes[name] ?? 0) + change
            imageNodes[name] = count > 0 ? count : nil
        }
    }

    // MARK: Disruption budgets

    private(set) var budgets: [NamespacedName: DisruptionBudget] = [:]

    func setBudget(_ key: NamespacedName, _ budget: DisruptionBudget?) {
        budgets[key] = budget
    }

    // MARK: Namespaces

    func setNamespace(_ name: String, labels: [String: String]?) {
        namespaceLabels[name] = labels
    }
}

/// The parts of a taint that decide about pods.
struct TaintKey: Hashable {
    var key: String
    var value: String
    var effect: String

    init(_ taint: Taint) {
        key = taint.key
        value = taint.value ?? ""
        effect = taint.effect
    }
}
