import AppsV1
import CoreV1
import JSON
import KubernetesAPI
import KubernetesClient
import Logging
import PolicyV1

/// Says in each PodDisruptionBudget's status how many of its pods may be evicted now.
struct DisruptionController: Controller {
    static let name = "disruption-controller"
    /// A pod that was to go and is still there after this time, in seconds, is no longer marked as going.
    static let staleMarkTimeout: Int64 = 120

    private let context: ControllerContext
    private let budgets: Informer<PodDisruptionBudget>
    private let pods: Informer<Pod>
    private let scales: ExpectedScale
    private let events: EventRecorder
    private let queue: WorkQueue<NamespacedName>
    /// Pods marked as going.
    private let marked: WorkQueue<NamespacedName>

    init(_ context: ControllerContext) {
        let context = context.named(Self.name)
        self.context = context
        let informers = context.informers
        budgets = informers.informer(PodDisruptionBudget.self)
        pods = informers.informer(Pod.self)
        scales = ExpectedScale(
            client: context.client, deployments: informers.informer(Deployment.self), replicaSets: informers.informer(ReplicaSet.self),
            statefulSets: informers.informer(StatefulSet.self), controllers: informers.informer(ReplicationController.self))
        events = context.recorder("controllermanager")
        queue = WorkQueue(time: context.time)
        marked = WorkQueue(time: context.time)
        watch()
    }

    private func watch() {
        let (budgets, queue, marked) = (budgets, queue, marked)
        budgets.addHandler(
            added: { queue.add(NamespacedName($0.metadata)) }, updated: { _, new in queue.add(NamespacedName(new.metadata)) })
        @Sendable func queueBudgets(of pod: Pod) {
            for budget in budgets.list(namespace: pod.metadata.namespace ?? "") where budget.selects(pod) {
                queue.add(NamespacedName(budget.metadata))
            }
        }
        @Sendable func look(_ pod: Pod) {
            if pod.isMarkedAsGoing { marked.add(NamespacedName(pod.metadata)) }
        }
        pods.addHandler(
            added: { pod in
                queueBudgets(of: pod)
                look(pod)
            },
            updated: { old, new in
                if old.metadata.labels != new.metadata.labels { queueBudgets(of: old) }
                queueBudgets(of: new)
                look(new)
            },
            deleted: queueBudgets)
    }

    func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [self] in await runWorkers(queue: queue, count: 1, logger: context.logger) { key in try await sync(key) } }
            group.addTask { [self] in await runWorkers(queue: marked, count: 1, logger: context.logger) { key in try await unmark(key) } }
        }
    }

    private func sync(_ key: NamespacedName) async throws {
        guard let budget = budgets.get(key) else { return }
        do {
            try await update(budget, key)
        } catch let error as APIStatusError where error.isConflict || error.isNotFound {
            // The newer budget is on its way to us.
        } catch {
            try await fail(budget, error)
            throw error
        }
    }

    private func update(_ budget: PodDisruptionBudget, _ key: NamespacedName) async throws {
        let selected = pods.list(namespace: key.namespace).filter { budget.selects($0) }
        if selected.isEmpty { events.event(budget, type: "Normal", reason: "NoPods", message: "No matching pods found") }
        var scale: Int32 = 0
        if budget.needsScale {
            do {
                let unmanaged: [String]
                (scale, unmanaged) = try await scales.sum(of: selected, namespace: key.namespace)
                if !unmanaged.isEmpty { tellUnmanaged(budget) }
            } catch {
                events.event(
                    budget, type: "Warning", reason: "CalculateExpectedPodCountFailed",
                    message: "Failed to calculate the number of expected pods: \(error)")
                throw error
            }
        }
        let plan = try DisruptionPlan(budget, pods: selected, scale: { scale }, now: context.now)
        for pod in plan.notDeleted {
            events.event(
                pod, type: "Warning", reason: "NotDeleted",
                message: "Pod was expected by PDB \(key) to be deleted but it wasn't")
        }
        if let recheckAt = plan.recheckAt { queue.add(key, after: .seconds(max(1, recheckAt - context.now + 1))) }
        try await write(plan.status, budget)
    }

    private func tellUnmanaged(_ budget: PodDisruptionBudget) {
        let selector = (try? Selector(budget.spec.selector).description) ?? ""
        events.event(
            budget, type: "Warning", reason: "UnmanagedPods",
            message: "Pods selected by this PodDisruptionBudget (selector: \(selector)) are unmanaged: they have no controller that says how many "
                + "there should be. The status does not count them; set \".spec.minAvailable\" to an integer to have them counted")
    }

    /// Allows nothing, and says why.
    private func fail(_ budget: PodDisruptionBudget, _ error: any Error) async throws {
        var status = budget.status
        status.disruptionsAllowed = 0
        status.set(
            status: "False", reason: "SyncFailed", message: "\(error)", generation: budget.status.observedGeneration, now: context.now)
        try await write(status, budget)
    }

    private func write(_ status: PodDisruptionBudgetStatus, _ budget: PodDisruptionBudget) async throws {
        if status.jsonBytes() == budget.status.jsonBytes() { return }
        var changed = budget
        changed.status = status
        _ = try await context.client.update(changed, subresource: "status")
    }

    /// Takes back the mark of a pod that was to go and did not.
    private func unmark(_ key: NamespacedName) async throws {
        guard let pod = pods.get(key), pod.isMarkedAsGoing, let condition = pod.disruptionTarget else { return }
        let left = (condition.lastTransitionTime?.seconds ?? 0) + Self.staleMarkTimeout - context.now
        if left > 0 { return marked.add(key, after: .seconds(left)) }
        var cleared = condition
        cleared.status = "False"
        cleared.lastTransitionTime = Time(seconds: context.now)
        let patch: JSONValue = ["metadata": ["uid": .string(pod.metadata.uid ?? "")], "status": ["conditions": [cleared.tree()]]]
        do {
            _ = try await context.client.patch(Pod.self, key.name, namespace: key.namespace, .strategic(patch), subresource: "status")
        } catch let error as APIStatusError where error.isNotFound || error.isConflict {}
    }
}

extension PodDisruptionBudget {
    func selects(_ pod: Pod) -> Bool {
        guard let selector = spec.selector else { return false }
        return (try? Selector(selector).matches(pod.metadata.labels)) ?? false
    }

    /// Whether the budget speaks of a share of what the controllers ask for.
    var needsScale: Bool {
        if spec.maxUnavailable != nil { return true }
        if case .string? = spec.minAvailable { return true }
        return false
    }
}

extension Pod {
    var disruptionTarget: PodCondition? { status.conditions.first { $0.type == "DisruptionTarget" } }

    /// Somebody has said that the pod is about to go, and it has not begun to.
    var isMarkedAsGoing: Bool {
        metadata.deletionTimestamp == nil && !hasEnded && disruptionTarget?.status == "True"
    }
}
