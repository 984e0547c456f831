import CoordinationV1
import CoreV1
import JSON
import KubernetesAPI
import KubernetesClient
import Logging
import Synchronization

/// Notices nodes that have stopped to report, and keeps each node's taints in step with its conditions.
final class NodeLifecycleController: Controller {
    static let name = "node-lifecycle-controller"
    static let leaseNamespace = "kube-node-lease"
    /// How often all nodes are looked at.
    static let monitorPeriod = Duration.seconds(5)
    /// Silence after which a node's state is unknown, unless it is told otherwise.
    static let gracePeriod = Duration.seconds(50)
    /// How many silent nodes are marked at once.
    static let markersMax = 8

    private let gracePeriod: Duration
    private let context: ControllerContext
    private let nodes: Informer<Node>
    private let leases: Informer<Lease>
    private let pods: Informer<Pod>
    private let events: EventRecorder
    private let queue: WorkQueue<String>
    /// When each node last gave a sign of life, on our own clock: the nodes' clocks may be wrong.
    private let signs = Shared<[String: (sign: String, seenAt: Duration)]>([:])
    private let pace = Shared(EvictionPace())

    /// A value that handlers of informers use too.
    private final class Shared<Value: Sendable>: Sendable {
        let value: Mutex<Value>
        init(_ value: Value) { self.value = Mutex(value) }
    }

    init(_ context: ControllerContext, gracePeriod: Duration = gracePeriod) {
        self.gracePeriod = gracePeriod
        self.context = context.named(Self.name)
        nodes = context.informers.informer(Node.self)
        leases = context.informers.informer(Lease.self, namespace: Self.leaseNamespace)
        pods = context.informers.informer(Pod.self)
        events = context.recorder("node-controller")
        queue = WorkQueue(time: context.time)
        pods.addIndex(TaintEvictionController.nodeIndex, TaintEvictionController.nodeKeys)
        let (queue, signs, pace) = (queue, signs, pace)
        nodes.addHandler(
            added: { queue.add($0.metadata.name ?? "") },
            updated: { old, new in
                // Most updates are heartbeats.
                if NodeTaints.mayDiffer(old, new) { queue.add(new.metadata.name ?? "") }
            },
            deleted: { node in
                let name = node.metadata.name ?? ""
                signs.value.withLock { $0[name] = nil }
                pace.value.withLock { $0.forget(name) }
            })
    }

    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [self] in
                await runWorkers(queue: queue, count: 4, logger: context.logger) { [self] name in try await syncTaints(name) }
            }
            group.addTask { [self] in
                while !Task.isCancelled {
                    let all = nodes.list()
                    keepPace(all)
                    await markSilent(all.filter(isSilent))
                    try await context.time.sleep(Self.monitorPeriod)
                }
            }
            try await group.next()
            group.cancelAll()
        }
    }

    // MARK: Silence

    /// Takes down the node's sign of life. True when there was none for too long and nobody has been told yet.
    private func isSilent(_ node: Node) -> Bool {
        let name = node.metadata.name ?? ""
        let renewed = leases.get(name, namespace: Self.leaseNamespace)?.spec.renewTime?.microseconds ?? 0
        let heartbeat = node.status.conditions.compactMap(\.lastHeartbeatTime?.seconds).max() ?? 0
        let sign = "\(renewed)/\(heartbeat)"
        let now = context.time.uptime()
        let silence = signs.value.withLock { signs in
            if let known = signs[name], known.sign == sign { return now - known.seenAt }
            signs[name] = (sign, now)
            return .zero
        }
        return silence > gracePeriod && node.status.conditions.contains { $0.type == "Ready" && $0.status != "Unknown" }
    }

    private func markSilent(_ silent: [Node]) async {
        await withDiscardingTaskGroup { group in
            for worker in 0..<min(Self.markersMax, silent.count) {
                group.addTask { [self] in
                    for index in stride(from: worker, to: silent.count, by: Self.markersMax) {
                        do {
                            try await markUnknown(silent[index])
                        } catch {
                            let name = silent[index].metadata.name ?? ""
                            context.logger.warning("cannot mark a silent node", metadata: ["node": "\(name)", "error": "\(error)"])
                        }
                    }
                }
            }
        }
    }

    private func markUnknown(_ node: Node) async throws {
        var updated = node
        for index in updated.status.conditions.indices where updated.status.conditions[index].status != "Unknown" {
            updated.status.conditions[index].status = "Unknown"
            updated.status.conditions[index].reason = "NodeStatusUnknown"
            updated.status.conditions[index].message = "Kubelet stopped posting node status."
            updated.status.conditions[index].lastTransitionTime = Time(seconds: context.now)
        }
        _ = try await context.client.update(updated, subresource: "status")
        let name = node.metadata.name ?? ""
        events.event(node, type: "Normal", reason: "NodeNotReady", message: "Node \(name) status is now: NodeNotReady")
        // Its pods can't say so themselves that nobody hears from them.
        for pod in pods.list(index: TaintEvictionController.nodeIndex, key: name) where pod.isReady {
            var pod = pod
            for index in pod.status.conditions.indices where pod.status.conditions[index].type == "Ready" {
                pod.status.conditions[index].status = "False"
                pod.status.conditions[index].lastTransitionTime = Time(seconds: context.now)
            }
            do {
                _ = try await context.client.update(pod, subresource: "status")
                events.event(pod, type: "Warning", reason: "NodeNotReady", message: "Node is not ready")
            } catch let error as APIStatusError where error.isNotFound || error.isConflict {}
        }
    }

    // MARK: Taints

    /// Looks again at the nodes whose turn to be emptied has come.
    private func keepPace(_ all: [Node]) {
        let now = context.time.uptime()
        let states = all.map { (zone: EvictionPace.zone(of: $0), isReady: NodeTaints.isReady($0)) }
        let (wasHalted, isHalted, due) = pace.value.withLock { pace in
            let wasHalted = pace.isHalted
            let due = pace.update(states, now: now)
            return (wasHalted, pace.isHalted, due)
        }
        if isHalted != wasHalted {
            context.logger.warning(
                isHalted ? "no node is ready: no pods are evicted until one is" : "nodes are ready again: pods of lost nodes are evicted again",
                metadata: ["nodes": "\(all.count)"])
        }
        for name in due ?? all.compactMap(\.metadata.name) { queue.add(name) }
    }

    /// Whether the node's pods may be evicted now.
    private func mayEvict(_ node: Node, _ name: String) -> Bool {
        let now = context.time.uptime()
        // Taints that are there, from before a restart perhaps, stay.
        let isMarked = node.spec.taints.contains { NodeTaints.isManaged($0) && $0.effect == "NoExecute" }
        return pace.value.withLock { pace in
            isMarked ? !pace.isHalted : pace.mayEvict(name, zone: EvictionPace.zone(of: node), now: now)
        }
    }

    private func syncTaints(_ name: String) async throws {
        guard let node = nodes.get(name), node.metadata.deletionTimestamp == nil else { return }
        var wanted = NodeTaints.wanted(for: node, now: context.now)
        if wanted.contains(where: { $0.effect == "NoExecute" }) {
            if !mayEvict(node, name) { wanted.removeAll { $0.effect == "NoExecute" } }
        } else {
            pace.value.withLock { $0.forget(name) }
        }
        let others = node.spec.taints.filter { !NodeTaints.isManaged($0) }
        let current = node.spec.taints.filter(NodeTaints.isManaged)
        guard Set(current.map(NodeTaints.identity)) != Set(wanted.map(NodeTaints.identity)) else { return }
        // What is already there keeps the time at which it was added.
        let kept = wanted.map { taint in current.first { NodeTaints.identity($0) == NodeTaints.identity(taint) } ?? taint }
        let patch: JSONValue = [
            "metadata": ["resourceVersion": .string(node.metadata.resourceVersion ?? "")],
            "spec": ["taints": .array((others + kept).map { $0.tree() })],
        ]
        _ = try await context.client.patch(Node.self, name, .merge(patch))
    }
}
