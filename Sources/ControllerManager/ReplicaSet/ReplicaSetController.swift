import AppsV1
import CoreV1
import JSON
import KubernetesAPI
import KubernetesClient
import Logging

/// Keeps as many pods of each ReplicaSet as it asks for.
struct ReplicaSetController: Controller {
    static let name = "replicaset-controller"
    /// Pods created or deleted in one step.
    static let burst = 500
    static let ownerIndex = "controllerUID"
    /// Pods without a controller, by namespace.
    static let orphanIndex = "orphans"

    private let context: ControllerContext
    private let replicaSets: Informer<ReplicaSet>
    private let pods: Informer<Pod>
    private let events: EventRecorder
    private let expectations: Expectations
    private let queue: WorkQueue<NamespacedName>

    init(_ context: ControllerContext) {
        self.context = context.named(Self.name)
        replicaSets = context.informers.informer(ReplicaSet.self)
        pods = context.informers.informer(Pod.self)
        events = context.recorder(Self.name)
        expectations = Expectations(time: context.time)
        queue = WorkQueue(time: context.time)
        watch()
    }

    private func watch() {
        let (queue, expectations, replicaSets) = (queue, expectations, replicaSets)
        pods.addIndex(Self.ownerIndex) { pod in pod.metadata.controllerReference.map { [$0.uid] } ?? [] }
        pods.addIndex(Self.orphanIndex) { pod in pod.metadata.controllerReference == nil ? [pod.metadata.namespace ?? ""] : [] }
        replicaSets.addHandler(
            added: { queue.add(NamespacedName($0.metadata)) },
            updated: { _, new in queue.add(NamespacedName(new.metadata)) },
            deleted: { set in
                expectations.forget(NamespacedName(set.metadata))
                queue.add(NamespacedName(set.metadata))
            })
        @Sendable func owner(_ pod: Pod) -> NamespacedName? {
            guard let reference = pod.metadata.controllerReference, reference.kind == ReplicaSet.resource.kind,
                let set = replicaSets.get(reference.name, namespace: pod.metadata.namespace), set.metadata.uid == reference.uid
            else { return nil }
            return NamespacedName(set.metadata)
        }
        @Sendable func enqueueMatching(_ pod: Pod) {
            for set in replicaSets.list(namespace: pod.metadata.namespace ?? "") {
                if let selector = try? Selector(set.spec.selector), !selector.isEmpty, selector.matches(pod.metadata.labels) {
                    queue.add(NamespacedName(set.metadata))
                }
            }
        }
        pods.addHandler(
            added: { pod in
                guard pod.metadata.controllerReference != nil else { return enqueueMatching(pod) }
                guard let key = owner(pod) else { return }
                if pod.metadata.deletionTimestamp != nil {
                    expectations.sawDeletion(key, uid: pod.metadata.uid ?? "")
                } else {
                    expectations.sawCreation(key)
                }
                queue.add(key)
            },
            updated: { old, new in
                let before = owner(old)
                let after = owner(new)
                if new.metadata.deletionTimestamp != nil, let after { expectations.sawDeletion(after, uid: new.metadata.uid ?? "") }
                if let before, before != after { queue.add(before) }
                if let after {
                    queue.add(after)
                } else if new.metadata.controllerReference == nil,
                    before != nil || old.metadata.labels != new.metadata.labels
                {
                    enqueueMatching(new)
                }
            },
            deleted: { pod in
                guard let key = owner(pod) else { return }
                expectations.sawDeletion(key, uid: pod.metadata.uid ?? "")
                queue.add(key)
            })
    }

    func run() async throws {
        await runWorkers(queue: queue, count: 5, logger: context.logger) { [self] key in try await sync(key) }
    }

    private func sync(_ key: NamespacedName) async throws {
        guard let set = replicaSets.get(key) else { return expectations.forget(key) }
        let areExpectationsMet = expectations.areMet(key)
        let selector = try Selector(set.spec.selector)
        let owned = pods.list(index: Self.ownerIndex, key: set.metadata.uid ?? "")
        let orphans = pods.list(index: Self.orphanIndex, key: key.namespace).filter { selector.matches($0.metadata.labels) }
        let claims = Claims<ReplicaSet, Pod>(owner: set, selector: selector, client: context.client)
        let active = try await claims.claim((owned + orphans).filter(\.isActive))
        var failure: (any Error)?
        var isScaling = false
        if areExpectationsMet, set.metadata.deletionTimestamp == nil {
            (isScaling, failure) = await scale(set, key, active)
        }
        let terminating = owned.filter { $0.metadata.deletionTimestamp != nil && !$0.hasEnded }.count
        let updated = try await updateStatus(set, active, terminating: terminating, failure: failure)
        if let failure { throw failure }
        let wanted = updated.spec.replicas ?? 1
        if !isScaling, let minReadySeconds = updated.spec.minReadySeconds, minReadySeconds > 0, updated.status.readyReplicas == wanted,
            updated.status.availableReplicas != wanted
        {
            queue.add(key, after: .seconds(Int(minReadySeconds)))
        }
    }

    /// Creates what is missing or deletes what is too much, up to a burst.
    private func scale(_ set: ReplicaSet, _ key: NamespacedName, _ active: [Pod]) async -> (isScaling: Bool, failure: (any Error)?) {
        let difference = active.count - Int(set.spec.replicas ?? 1)
        if difference < 0 {
            let count = min(-difference, Self.burst)
            expectations.expect(key, creations: count)
            let (done, failure) = await inGrowingBatches(count) { [self] in try await create(set) }
            for _ in done..<count { expectations.sawCreation(key) }
            // A namespace on its way out refuses all creations, and takes the ReplicaSet with it.
            if let refusal = failure as? APIStatusError, refusal.isNamespaceTerminating { return (true, nil) }
            return (true, failure)
        }
        if difference > 0 {
            let related = pods.list(index: Self.ownerIndex, key: set.metadata.uid ?? "").filter(\.isActive)
            let victims = DeletionOrder(pods: active, related: related).first(min(difference, Self.burst))
            expectations.expect(key, deletions: Set(victims.compactMap(\.metadata.uid)))
            return (true, await delete(victims, of: set, key))
        }
        return (false, nil)
    }

    private func create(_ set: ReplicaSet) async throws {
        do {
            let pod = try await context.client.create(Pod(template: set.spec.template, owner: set))
            events.event(set, type: "Normal", reason: "SuccessfulCreate", message: "Created pod: \(pod.metadata.name ?? "")")
        } catch {
            if !((error as? APIStatusError)?.isNamespaceTerminating ?? false) {
                events.event(set, type: "Warning", reason: "FailedCreate", message: "Error creating: \(error)")
            }
            throw error
        }
    }

    private func delete(_ victims: [Pod], of set: ReplicaSet, _ key: NamespacedName) async -> (any Error)? {
        await withTaskGroup(of: (any Error)?.self) { group in
            for pod in victims {
                group.addTask { [self] in
                    let name = pod.metadata.name ?? ""
                    do {
                        try await context.client.delete(Pod.self, name, namespace: key.namespace)
                        events.event(set, type: "Normal", reason: "SuccessfulDelete", message: "Deleted pod: \(name)")
                        return nil
                    } catch {
                        expectations.sawDeletion(key, uid: pod.metadata.uid ?? "")
                        if (error as? APIStatusError)?.isNotFound == true { return nil }
                        events.event(set, type: "Warning", reason: "FailedDelete", message: "Error deleting: \(error)")
                        return error
                    }
                }
            }
            var failure: (any Error)?
            for await error in group { failure = failure ?? error }
            return failure
        }
    }

    /// Writes the status when it has changed and returns the ReplicaSet with it.
    private func updateStatus(_ set: ReplicaSet, _ active: [Pod], terminating: Int, failure: (any Error)?) async throws -> ReplicaSet {
        var new = set
        new.status = ReplicaSetStatus(of: set, active: active, terminating: terminating, failure: failure, now: context.now)
        if new.status.jsonBytes() == set.status.jsonBytes() { return set }
        do {
            return try await context.client.update(new, subresource: "status")
        } catch let error as APIStatusError where error.isNotFound {
            return new
        }
    }
}

extension APIStatusError {
    /// The namespace is being deleted and takes no new objects.
    var isNamespaceTerminating: Bool {
        isForbidden && status.details?.causes.contains { $0.reason == "NamespaceTerminating" } == true
    }
}
