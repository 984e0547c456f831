import AppsV1
import CoreV1
import JSON
import KubernetesAPI
import KubernetesClient
import Logging

typealias ReplicaSetController = ReplicaController<ReplicaSet>
typealias ReplicationControllerController = ReplicaController<ReplicationController>

/// Keeps as many pods of each ReplicaSet or ReplicationController as it asks for.
struct ReplicaController<Owner: ReplicaOwner>: Controller {
    static var name: String { Owner.controllerName }
    /// Pods created or deleted in one step.
    static var burst: Int { 500 }

    private let context: ControllerContext
    private let owners: Informer<Owner>
    private let pods: DependentWatch<Owner, Pod>
    private let control: PodControl
    private let expectations: Expectations
    private let queue: WorkQueue<NamespacedName>

    init(_ context: ControllerContext) {
        let context = context.named(Self.name)
        self.context = context
        owners = context.informers.informer(Owner.self)
        control = PodControl(client: context.client, events: context.recorder(Owner.eventSource))
        expectations = Expectations(time: context.time)
        queue = WorkQueue(time: context.time)
        pods = DependentWatch(
            owners: owners, dependents: context.informers.informer(Pod.self), queue: queue, expectations: expectations,
            selector: { $0.podSelector })
        pods.install()
    }

    func run() async throws {
        await runWorkers(queue: queue, count: 5, logger: context.logger) { [self] key in try await sync(key) }
    }

    private func sync(_ key: NamespacedName) async throws {
        guard let owner = owners.get(key) else { return expectations.forget(key) }
        let areExpectationsMet = expectations.areMet(key)
        let selector = try Selector(owner.podSelector)
        let candidates = pods.candidates(of: owner, matching: selector)
        let claims = Claims<Owner, Pod>(owner: owner, selector: selector, client: context.client)
        let active = try await claims.claim(candidates.filter(\.isActive))
        var failure: (any Error)?
        var isScaling = false
        var doubtful: Set<String> = []
        if areExpectationsMet, owner.metadata.deletionTimestamp == nil {
            (isScaling, failure, doubtful) = await scale(owner, key, active)
        }
        // The informer may not know yet which of them are on their way out; a deployment counts on those that the status names.
        let leaving = expectations.expectedDeletions(key).union(doubtful)
        let staying = leaving.isEmpty ? active : active.filter { !leaving.contains($0.metadata.uid ?? "") }
        let terminating = candidates.count {
            $0.metadata.isControlled(by: owner.metadata) && $0.metadata.deletionTimestamp != nil && !$0.hasEnded
        }
        let updated = owner.reporting(ReplicaCounts(of: owner, active: staying, terminating: terminating, failure: failure, now: context.now))
        if updated.status.jsonBytes() != owner.status.jsonBytes() {
            do {
                _ = try await context.client.update(updated, subresource: "status")
            } catch let error as APIStatusError where error.isNotFound {}
        }
        if let failure { throw failure }
        let available = active.count { $0.isAvailable(minReadySeconds: owner.readySeconds, now: context.now) }
        if !isScaling, owner.readySeconds > 0, active.count(where: \.isReady) == Int(owner.wantedReplicas), available != active.count {
            queue.add(key, after: .seconds(Int(owner.readySeconds)))
        }
    }

    /// Creates what is missing or deletes what is too much, up to a burst.
    /// - Returns: also the uids of pods of which nobody knows whether they were deleted.
    private func scale(
        _ owner: Owner, _ key: NamespacedName, _ active: [Pod]
    ) async -> (isScaling: Bool, failure: (any Error)?, doubtful: Set<String>) {
        let difference = active.count - Int(owner.wantedReplicas)
        if difference < 0 {
            let count = min(-difference, Self.burst)
            expectations.expect(key, creations: count)
            let (done, failure) = await inGrowingBatches(count) { [control] in
                try await control.create(Pod(template: owner.podTemplate, owner: owner), for: owner)
            }
            for _ in done..<count { expectations.sawCreation(key) }
            // A namespace on its way out refuses all creations, and takes the owner with it.
            if let refusal = failure as? APIStatusError, refusal.isNamespaceTerminating { return (true, nil, []) }
            return (true, failure, [])
        }
        if difference > 0 {
            let related = pods.dependents.list(namespace: key.namespace).filter(\.isActive)
            let victims = DeletionOrder(pods: active, related: related).first(min(difference, Self.burst))
            expectations.expect(key, deletions: Set(victims.compactMap(\.metadata.uid)))
            let (failure, doubtful) = await control.delete(victims, for: owner, expectations, key)
            return (true, failure, doubtful)
        }
        return (false, nil, [])
    }
}

extension APIStatusError {
    /// The namespace is being deleted and takes no new objects.
    var isNamespaceTerminating: Bool {
        isForbidden && status.details?.causes.contains { $0.reason == "NamespaceTerminating" } == true
    }
}
