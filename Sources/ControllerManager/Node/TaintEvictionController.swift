import CoreV1
import JSON
import KubernetesAPI
import KubernetesClient

/// Deletes pods that do not tolerate a NoExecute taint of their node, at once or when their toleration runs out.
struct TaintEvictionController: Controller {
    static let name = "taint-eviction-controller"
    static let nodeIndex = "nodeName"
    static let nodeKeys: @Sendable (Pod) -> [String] = { pod in pod.spec.nodeName.map { [$0] } ?? [] }

    private let context: ControllerContext
    private let nodes: Informer<Node>
    private let pods: Informer<Pod>
    private let events: EventRecorder
    private let queue: WorkQueue<NamespacedName>

    init(_ context: ControllerContext) {
        self.context = context.named(Self.name)
        nodes = context.informers.informer(Node.self)
        pods = context.informers.informer(Pod.self)
        events = context.recorder(Self.name)
        queue = WorkQueue(time: context.time)
        pods.addIndex(Self.nodeIndex, Self.nodeKeys)
        let (queue, pods) = (queue, pods)
        nodes.addHandler(updated: { old, new in
            guard old.spec.taints.map(NodeTaints.identity) != new.spec.taints.map(NodeTaints.identity) else { return }
            for pod in pods.list(index: Self.nodeIndex, key: new.metadata.name ?? "") { queue.add(NamespacedName(pod.metadata)) }
        })
        pods.addHandler(
            added: { queue.add(NamespacedName($0.metadata)) },
            updated: { old, new in
                if old.spec.nodeName != new.spec.nodeName || old.spec.tolerations.count != new.spec.tolerations.count {
                    queue.add(NamespacedName(new.metadata))
                }
            })
    }

    func run() async throws {
        await runWorkers(queue: queue, count: 8, logger: context.logger) { [self] key in try await sync(key) }
    }

    private func sync(_ key: NamespacedName) async throws {
        guard let pod = pods.get(key), pod.metadata.deletionTimestamp == nil, !pod.hasEnded, let nodeName = pod.spec.nodeName,
            let node = nodes.get(nodeName)
        else { return }
        let taints = node.spec.taints.filter { $0.effect == "NoExecute" }
        guard let dueAt = Self.evictionTime(taints, pod.spec.tolerations) else { return }
        if dueAt > context.now { return queue.add(key, after: .seconds(dueAt - context.now)) }
        events.event(
            pod, type: "Normal", reason: "TaintManagerEviction", message: "Marking for deletion Pod \(key)")
        var condition = PodCondition()
        condition.type = "DisruptionTarget"
        condition.status = "True"
        condition.reason = "DeletionByTaintManager"
        condition.message = "Taint manager: deleting due to NoExecute taint"
        condition.lastTransitionTime = Time(seconds: context.now)
        do {
            _ = try await context.client.patch(
                Pod.self, key.name, namespace: key.namespace,
                .strategic(["metadata": ["uid": .string(pod.metadata.uid ?? "")], "status": ["conditions": [condition.tree()]]]),
                subresource: "status")
            try await context.client.delete(Pod.self, key.name, namespace: key.namespace)
        } catch let error as APIStatusError where error.isNotFound {}
    }

    /// When the pod has to go, in seconds since 1970; nil for never.
    static func evictionTime(_ taints: [Taint], _ tolerations: [Toleration]) -> Int64? {
        var earliest: Int64?
        for taint in taints {
            let tolerating = tolerations.filter { $0.tolerates(taint) }
            guard !tolerating.isEmpty else { return 0 }
            let seconds = tolerating.compactMap(\.tolerationSeconds)
            guard let least = seconds.min() else { continue }
            let due = (taint.timeAdded?.seconds ?? 0).addingReportingOverflow(max(0, least)).partialValue
            earliest = min(earliest ?? due, due)
        }
        return earliest
    }
}

extension Toleration {
    /// Whether this toleration covers the taint (key, value and effect; empty ones cover all).
    func tolerates(_ taint: Taint) -> Bool {
        if let effect, !effect.isEmpty, effect != taint.effect { return false }
        if let key, !key.isEmpty, key != taint.key { return false }
        switch `operator` ?? "" {
        case "Exists": return true
        case "", "Equal": return key?.isEmpty == false && value ?? "" == taint.value ?? ""
        default: return false
        }
    }
}
