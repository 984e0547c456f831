import CoreV1
import KubernetesAPI
import KubernetesClient
import PolicyV1

/// All decisions of the scheduler: changes go in, decisions come out, one pod at a time.
///
/// No I/O, no clock, no locks: one task owns it, and the same changes with the same random numbers give the same decisions.
final class SchedulerCore {
    let cache = SchedulerCache()
    private(set) var queue = SchedulingQueue()
    private let framework: Framework
    private let schedulerName: String
    private let random: () -> Double
    /// Where the search for nodes begins, so that all nodes get their turn.
    private var firstNode = 0
    /// Pods for which room is being made, by the node's name.
    private var nominations: [String: [PodInfo]] = [:]
    private var nominatedNode: [String: String] = [:]
    /// What has changed since waiting pods were last looked through, and the nodes where it did.
    private var pendingEvent: ClusterEvent = []
    private var changedNodes: Set<String> = []

    /// - Parameter random: uniform in 0..<1.
    init(framework: Framework = .standard, schedulerName: String = "default-scheduler", random: @escaping () -> Double) {
        self.framework = framework
        self.schedulerName = schedulerName
        self.random = random
    }

    // MARK: Changes

    func apply(_ change: Change, now: Duration) {
        switch change {
        case .pod(let pod): set(pod, now: now)
        case .podRemoved(let pod): remove(uid: Self.uid(pod))
        case .node(let node): note(cache.set(node), on: node.metadata.name)
        case .nodeRemoved(let name):
            cache.removeNode(name)
            note(.nodeRemoved)
        case .namespace(let name, let labels):
            cache.setNamespace(name, labels: labels)
            note(.namespaceChanged)
        case .budget(let budget): cache.setBudget(NamespacedName(budget.metadata), DisruptionBudget(budget))
        case .budgetRemoved(let budget): cache.setBudget(NamespacedName(budget.metadata), nil)
        case .volumes(let change):
            cache.volumes.apply(change)
            note(.volumeChanged)
        case .bound(let uid):
            queue.remove(uid: uid)
            endNomination(uid)
        case .bindFailed(let uid, let isGone):
            note(.podRemoved, on: cache.nodeName(ofPod: uid))
            cache.forgetAssumed(uid: uid)
            if isGone {
                queue.remove(uid: uid)
                endNomination(uid)
            } else if let queued = queue.pod(uid: uid) {
                queue.retryLater(queued, now: now)
            }
        }
    }

    private func set(_ pod: Pod, now: Duration) {
        let uid = Self.uid(pod)
        if pod.status.phase == "Succeeded" || pod.status.phase == "Failed" { return remove(uid: uid) }
        if let node = pod.spec.nodeName, !node.isEmpty {
            queue.remove(uid: uid)
            endNomination(uid)
            let before = cache.nodeName(ofPod: uid)
            let event = cache.setAssigned(pod)
            note(event, on: node)
            // It was counted on the wrong node: that one has room now.
            if let before, before != node { note(.podRemoved, on: before) }
            return
        }
        guard pod.spec.schedulerName ?? "default-scheduler" == schedulerName else { return }
        if pod.metadata.deletionTimestamp != nil { return remove(uid: uid) }
        // Our own decision is on its way; the API just has not said so yet.
        if cache.isAssumed(uid: uid) { return }
        queue.set(pod, uid: uid, now: now)
        if let node = pod.status.nominatedNodeName, !node.isEmpty, nominatedNode[uid] == nil {
            // Promised before a restart, or by somebody else.
            nominate(cache.podInfo(pod), on: node)
        }
    }

    private func remove(uid: String) {
        queue.remove(uid: uid)
        endNomination(uid)
        if let node = cache.nodeName(ofPod: uid) {
            cache.remove(uid: uid)
            note(.podRemoved, on: node)
        }
    }

    private func note(_ event: ClusterEvent, on node: String? = nil) {
        if event.isEmpty { return }
        pendingEvent.formUnion(event)
        if let node, !event.isDisjoint(with: .onNode) { changedNodes.insert(node) }
    }

    /// Lets waiting pods try again that the changes since the last time may help.
    private func wakeHelped(now: Duration) {
        if pendingEvent.isEmpty { return }
        let nodes = changedNodes.compactMap(cache.node).map { ($0, lowest: $0.pods.lazy.map(\.priority).min() ?? .max) }
        let elsewhere = pendingEvent.subtracting(.onNode)
        queue.note(pendingEvent, now: now) { queued in
            // Plugins that look at the whole cluster may say yes to any node after a change on one.
            guard PluginSet.nodeLocal.isSuperset(of: queued.plugins), !queued.plugins.isEmpty, elsewhere.isDisjoint(with: queued.helpfulEvents)
            else { return true }
            let cycle = Cycle(pod: info(queued), cache: cache)
            // Where pods of lower priority are, the change may be what lets their removal suffice.
            return nodes.contains { node, lowest in lowest < cycle.pod.priority || framework.wouldTake(cycle, node) }
        }
        pendingEvent = []
        changedNodes = []
    }

    private func info(_ queued: QueuedPod) -> PodInfo {
        if let info = queued.info { return info }
        let info = cache.podInfo(queued.pod)
        queued.info = info
        return info
    }

    private static func uid(_ pod: Pod) -> String { pod.metadata.uid ?? NamespacedName(pod.metadata).description }

    // MARK: Decisions

    /// The next decision; nil when no pod can be tried before `nextDeadline` or the next change.
    func next(now: Duration) -> Decision? {
        wakeHelped(now: now)
        queue.flushUnschedulable(now: now)
        guard let queued = queue.pop(now: now) else { return nil }
        let info = info(queued)
        let cycle = Cycle(pod: info, cache: cache)
        var diagnosis = Diagnosis()
        diagnosis.nodes = cache.nodes.count
        if let node = choose(cycle, &diagnosis) {
            cache.assume(info, on: node)
            return .bind(queued.pod, node: node.name)
        }
        queue.giveUp(queued, plugins: diagnosis.plugins, helpfulEvents: framework.helpfulEvents(for: diagnosis.plugins), now: now)
        return makeRoom(cycle, queued.pod, &diagnosis)
    }

    /// When time alone gives cause to call `next` again.
    func nextDeadline() -> Duration? { queue.nextDeadline() }

    private func choose(_ cycle: Cycle, _ diagnosis: inout Diagnosis) -> NodeInfo? {
        let filters: [any NodeFilter]
        let only: Set<String>?
        switch framework.prepare(cycle) {
        case .rejected(let text, let plugin):
            diagnosis.wholeReason = text
            diagnosis.plugins.insert(PluginSet(plugin))
            return nil
        case .filters(let prepared, let names): (filters, only) = (prepared, names)
        }
        if let name = nominatedNode[cycle.pod.uid], let node = cache.node(name), only?.contains(name) ?? true,
            rejection(of: node, cycle, filters) == nil
        {
            return node
        }
        let feasible = only.map { self.feasible(cycle, filters, only: $0, &diagnosis) } ?? self.feasible(cycle, filters, &diagnosis)
        if feasible.count <= 1 { return feasible.first }
        return framework.best(of: feasible, cycle, random: random)
    }

    private func feasible(_ cycle: Cycle, _ filters: [any NodeFilter], _ diagnosis: inout Diagnosis) -> [NodeInfo] {
        let nodes = cache.nodes
        let wanted = framework.feasibleNodesWanted(of: nodes.count)
        var feasible: [NodeInfo] = []
        feasible.reserveCapacity(wanted)
        if firstNode >= nodes.count { firstNode = 0 }
        var index = firstNode
        for _ in nodes.indices {
            let node = nodes[index]
            index += 1
            if index == nodes.count { index = 0 }
            if let rejection = rejection(of: node, cycle, filters) {
                diagnosis.note(rejection, of: node)
            } else {
                feasible.append(node)
                if feasible.count == wanted { break }
            }
        }
        firstNode = index
        return feasible
    }

    private func feasible(_ cycle: Cycle, _ filters: [any NodeFilter], only names: Set<String>, _ diagnosis: inout Diagnosis) -> [NodeInfo] {
        var feasible: [NodeInfo] = []
        var asked = 0
        for name in names {
            guard let node = cache.node(name) else { continue }
            asked += 1
            if let rejection = rejection(of: node, cycle, filters) { diagnosis.note(rejection, of: node) } else { feasible.append(node) }
        }
        if diagnosis.nodes > asked {
            diagnosis.reasons.add(.notSelected(by: .nodeAffinity), nodes: diagnosis.nodes - asked)
            diagnosis.plugins.insert(PluginSet(.nodeAffinity))
        }
        return feasible
    }

    private func rejection(of node: NodeInfo, _ cycle: Cycle, _ filters: [any NodeFilter]) -> Rejection? {
        if !nominations.isEmpty {
            let nominated = nominated(to: node, besides: cycle.pod)
            if !nominated.isEmpty {
                let crowded = cache.withChanged(node, adding: nominated) { Framework.rejection(of: node, by: filters) }
                if let crowded { return crowded }
            }
        }
        // And without them, for a pod must not rely on pods that are not there yet.
        return Framework.rejection(of: node, by: filters)
    }

    /// Pods of at least the same priority that are promised this node.
    private func nominated(to node: NodeInfo, besides pod: PodInfo) -> [PodInfo] {
        (nominations[node.name] ?? []).filter { $0.priority >= pod.priority && $0.uid != pod.uid && !cache.isPlaced(uid: $0.uid) }
    }

    // MARK: Making room

    private func makeRoom(_ cycle: Cycle, _ pod: Pod, _ diagnosis: inout Diagnosis) -> Decision {
        if diagnosis.nodes == 0 { return .unschedulable(pod, message: diagnosis.message) }
        if let objection = Preemption.objection(cycle.pod, in: cache) {
            diagnosis.preemption = objection
            return .unschedulable(pod, message: diagnosis.message)
        }
        let preemption = Preemption(cycle: cycle, framework: framework) { [self] in nominated(to: $0, besides: cycle.pod) }
        switch preemption.run(among: diagnosis.preemptionCandidates, random: random) {
        case .none(let words):
            diagnosis.preemption = words
            return .unschedulable(pod, message: diagnosis.message)
        case .found(let candidate):
            nominate(cycle.pod, on: candidate.node.name)
            return .preempt(
                pod, node: candidate.node.name, victims: candidate.victims.filter { !$0.isTerminating }.map(\.pod),
                message: diagnosis.message)
        }
    }

    private func nominate(_ info: PodInfo, on node: String) {
        endNomination(info.uid)
        nominations[node, default: []].append(info)
        nominatedNode[info.uid] = node
    }

    private func endNomination(_ uid: String) {
        guard let node = nominatedNode.removeValue(forKey: uid) else { return }
        // What was kept free for it may be free for others now.
        note(.podRemoved, on: node)
        nominations[node]?.removeAll { $0.uid == uid }
        if nominations[node]?.isEmpty == true { nominations[node] = nil }
    }
}
