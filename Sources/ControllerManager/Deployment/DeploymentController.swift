import AppsV1
import CoreV1
import JSON
import KubernetesAPI
import KubernetesClient
import Logging

/// Rolls a Deployment's pods from one template to the next through ReplicaSets, one per template.
struct DeploymentController: Controller {
    static let name = "deployment-controller"
    static let ownerIndex = "controllerUID"

    let context: ControllerContext
    let deployments: Informer<Deployment>
    let replicaSets: Informer<ReplicaSet>
    let pods: Informer<Pod>
    let events: EventRecorder
    private let queue: WorkQueue<NamespacedName>

    init(_ context: ControllerContext) {
        self.context = context.named(Self.name)
        deployments = context.informers.informer(Deployment.self)
        replicaSets = context.informers.informer(ReplicaSet.self)
        pods = context.informers.informer(Pod.self)
        events = context.recorder(Self.name)
        queue = WorkQueue(time: context.time)
        watch()
    }

    private func watch() {
        let (queue, deployments, replicaSets) = (queue, deployments, replicaSets)
        replicaSets.addIndex(Self.ownerIndex) { set in set.metadata.controllerReference.map { [$0.uid] } ?? [] }
        pods.addIndex(Self.ownerIndex) { pod in pod.metadata.controllerReference.map { [$0.uid] } ?? [] }
        deployments.addHandler(
            added: { queue.add(NamespacedName($0.metadata)) },
            updated: { _, new in queue.add(NamespacedName(new.metadata)) },
            deleted: { queue.add(NamespacedName($0.metadata)) })
        @Sendable func owner(_ set: ReplicaSet) -> NamespacedName? {
            guard let reference = set.metadata.controllerReference, reference.kind == Deployment.resource.kind,
                let deployment = deployments.get(reference.name, namespace: set.metadata.namespace), deployment.metadata.uid == reference.uid
            else { return nil }
            return NamespacedName(deployment.metadata)
        }
        @Sendable func enqueue(_ set: ReplicaSet) {
            if set.metadata.controllerReference != nil {
                if let key = owner(set) { queue.add(key) }
                return
            }
            for deployment in deployments.list(namespace: set.metadata.namespace ?? "") {
                if let selector = try? Selector(deployment.spec.selector), !selector.isEmpty, selector.matches(set.metadata.labels) {
                    queue.add(NamespacedName(deployment.metadata))
                }
            }
        }
        replicaSets.addHandler(
            added: enqueue,
            updated: { old, new in
                if let before = owner(old), before != owner(new) { queue.add(before) }
                enqueue(new)
            },
            deleted: enqueue)
        // Recreate waits until the last old pod is gone.
        pods.addHandler(deleted: { pod in
            guard let reference = pod.metadata.controllerReference, reference.kind == ReplicaSet.resource.kind,
                let set = replicaSets.get(reference.name, namespace: pod.metadata.namespace), let key = owner(set),
                deployments.get(key)?.spec.strategy?.type == "Recreate"
            else { return }
            queue.add(key)
        })
    }

    func run() async throws {
        await runWorkers(queue: queue, count: 5, logger: context.logger) { [self] key in try await sync(key) }
    }

    private func sync(_ key: NamespacedName) async throws {
        guard var deployment = deployments.get(key) else { return }
        let selector = try Selector(deployment.spec.selector)
        guard !selector.isEmpty else {
            events.event(
                deployment, type: "Warning", reason: "SelectingAll",
                message: "This deployment is selecting all pods. A non-empty selector is required.")
            return
        }
        let owned = replicaSets.list(index: Self.ownerIndex, key: deployment.metadata.uid ?? "")
        let orphans = replicaSets.list(namespace: key.namespace).filter { $0.metadata.controllerReference == nil }
        let claims = Claims<Deployment, ReplicaSet>(owner: deployment, selector: selector, client: context.client)
        let sets = try await claims.claim(owned + orphans)
        if deployment.metadata.deletionTimestamp != nil {
            return try await syncStatus(deployment, Revisions(deployment, sets))
        }
        deployment = try await markPaused(deployment)
        var revisions = Revisions(deployment, sets)
        if deployment.spec.paused == true || isScalingEvent(deployment, sets) {
            (deployment, revisions) = try await ensureRevision(deployment, revisions, mayCreate: false)
            revisions = try await scaleProportionally(deployment, revisions)
            if deployment.spec.paused == true { try await cleanUp(deployment, revisions) }
            return try await syncStatus(deployment, revisions)
        }
        if deployment.spec.strategy?.type == "Recreate" {
            try await recreate(deployment, revisions)
        } else {
            try await roll(deployment, revisions)
        }
    }

    /// Looks again at the deployment after some seconds, to notice that it makes no progress.
    func checkAgain(_ deployment: Deployment, afterSeconds seconds: Int64) {
        queue.add(NamespacedName(deployment.metadata), after: .seconds(max(1, seconds)))
    }

    /// Somebody changed the number of replicas, and nothing else, since the ReplicaSets were last sized.
    private func isScalingEvent(_ deployment: Deployment, _ sets: [ReplicaSet]) -> Bool {
        sets.contains { set in
            guard set.spec.replicas ?? 1 > 0, let desired = set.desiredReplicas else { return false }
            return desired != deployment.spec.replicas ?? 1
        }
    }

    /// Notes a pause or its end in the Progressing condition, so that the time paused does not count towards the deadline.
    private func markPaused(_ deployment: Deployment) async throws -> Deployment {
        guard deployment.hasProgressDeadline else { return deployment }
        let known = deployment.condition("Progressing")
        if known?.reason == "ProgressDeadlineExceeded" { return deployment }
        let isMarked = known?.reason == "DeploymentPaused"
        let condition: DeploymentCondition
        if deployment.spec.paused == true, !isMarked {
            condition = .progressing("Unknown", "DeploymentPaused", "Deployment is paused", now: context.now)
        } else if deployment.spec.paused != true, isMarked {
            condition = .progressing("Unknown", "DeploymentResumed", "Deployment is resumed", now: context.now)
        } else {
            return deployment
        }
        var updated = deployment
        updated.status.set(condition)
        return try await context.client.update(updated, subresource: "status")
    }
}
