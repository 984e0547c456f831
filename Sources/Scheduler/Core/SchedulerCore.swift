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
    /// What has changed since waiting pods were last looked through.
    private var pendingEvent: ClusterEvent = []

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
        case .node(let node): pendingEvent.formUnion(cache.set(node))
        case .nodeRemoved(let name):
            cache.removeNode(name)
            pendingEvent.insert(.nodeRemoved)
        case .namespace(let name, let labels):
            cache.setNamespace(name, labels: labels)
            pendingEvent.insert(.namespaceChanged)
        case .budget(let budget): cache.setBudget(NamespacedName(budget.metadata), DisruptionBudget(budget))
        case .budgetRemoved(let budget): cache.setBudget(NamespacedName(budget.metadata), nil)
        case .bound(let uid):
            queue.remove(uid: uid)
            endNomination(uid)
        case .bindFailed(let uid, let isGone):
            cache.forgetAssumed(uid: uid)
            pendingEvent.insert(.podRemoved)
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
            pendingEvent.formUnion(cache.setAssigned(pod))
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
        if cache.isPlaced(uid: uid) {
            cache.remove(uid: uid)
            pendingEvent.insert(.podRemoved)
        }
    }

    private static func uid(_ pod: Pod) -> String { pod.metadata.uid ?? NamespacedName(pod.metadata).description }

    // MARK: Decisions

    /// The next decision; nil when no pod can be tried before `nextDeadline` or the next change.
    func next(now: Duration) -> Decision? {
        if !pendingEvent.isEmpty {
            queue.note(pendingEvent, now: now) { [framework] in framework.helpfulEvents(for: $0) }
            pendingEvent = []
        }
        queue.flushUnschedulable(now: now)
        guard let queued = queue.pop(now: now) else { return nil }
        let info = queued.info ?? cache.podInfo(queued.pod)
        queued.info = info
        let cycle = Cycle(pod: info, cache: cache)
        var diagnosis = Diagnosis()
        diagnosis.nodes = cache.nodes.count
        if let node = choose(cycle, &diagnosis) {
            cache.assume(info, on: node)
            return .bind(queued.pod, node: node.name)
        }
        queue.giveUp(queued, plugins: diagnosis.plugins, now: now)
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
            diagnosis.plugins.insert(plugin)
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
            diagnosis.reasons[.notSelected(by: .nodeAffinity)] = diagnosis.nodes - asked
            diagnosis.plugins.insert(.nodeAffinity)
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
        nominations[node]?.removeAll { $0.uid == uid }
        if nominations[node]?.isEmpty == true { nominations[node] = nil }
    }
}
