import AppsV1
import CoreV1
import JSON
import KubernetesAPI
import KubernetesClient
import Logging

/// Keeps pods with lasting names and lasting storage, and brings them, takes them and updates them in order.
struct StatefulSetController: Controller {
    static let name = "statefulset-controller"

    let context: ControllerContext
    private let sets: Informer<StatefulSet>
    private let pods: DependentWatch<StatefulSet, Pod>
    let revisions: DependentWatch<StatefulSet, ControllerRevision>
    let claims: Informer<PersistentVolumeClaim>
    let events: EventRecorder
    let expectations: Expectations
    private let queue: WorkQueue<NamespacedName>

    init(_ context: ControllerContext) {
        let context = context.named(Self.name)
        self.context = context
        sets = context.informers.informer(StatefulSet.self)
        claims = context.informers.informer(PersistentVolumeClaim.self)
        events = context.recorder(Self.name)
        expectations = Expectations(time: context.time)
        queue = WorkQueue(time: context.time)
        pods = DependentWatch(
            owners: sets, dependents: context.informers.informer(Pod.self), queue: queue, expectations: expectations,
            selector: { $0.spec.selector })
        revisions = DependentWatch(
            owners: sets, dependents: context.informers.informer(ControllerRevision.self), queue: queue, selector: { $0.spec.selector })
        let queue = queue
        pods.install { set, old, new in
            guard let seconds = set.spec.minReadySeconds, seconds > 0, !old.isReady, new.isReady else { return }
            // One more for the parts of a second that times do not have.
            queue.add(NamespacedName(set.metadata), after: .seconds(Int(seconds) + 1))
        }
        revisions.install()
    }

    func run() async throws {
        await runWorkers(queue: queue, count: 5, logger: context.logger) { [self] key in try await sync(key) }
    }

    private func sync(_ key: NamespacedName) async throws {
        guard let set = sets.get(key) else { return expectations.forget(key) }
        let areExpectationsMet = expectations.areMet(key)
        let selector = try Selector(set.spec.selector)
        let podClaims = Claims<StatefulSet, Pod>(owner: set, selector: selector, client: context.client)
        let candidates = pods.candidates(of: set, matching: selector).filter { set.ordinal(of: $0) != nil }
        let owned = try await podClaims.claim(candidates)
        let revisionClaims = Claims<StatefulSet, ControllerRevision>(owner: set, selector: selector, client: context.client)
        let history = try await revisionClaims.claim(revisions.candidates(of: set, matching: selector))
        // The informer does not show yet what was done last; its events bring the next round.
        guard areExpectationsMet else { return }
        var round = try await StatefulRound(set, self.chosenRevisions(set, history), owned, now: context.now)
        var failure: (any Error)?
        do {
            try await advance(&round, key)
        } catch {
            failure = error
        }
        try await writeStatus(round)
        if failure == nil { try await truncate(round, history) }
        if let failure { throw failure }
        if let seconds = set.spec.minReadySeconds, seconds > 0, round.status.availableReplicas ?? 0 != set.spec.replicas ?? 1 {
            queue.add(key, after: .seconds(Int(seconds)))
        }
    }

    /// Writes the status when it has changed.
    private func writeStatus(_ round: StatefulRound) async throws {
        let set = round.set
        var changed = set
        changed.status = round.status
        changed.status.complete(set)
        if changed.status.jsonBytes() == set.status.jsonBytes() { return }
        do {
            _ = try await context.client.update(changed, subresource: "status")
        } catch let error as APIStatusError where error.isNotFound {}
    }
}

extension StatefulSetStatus {
    /// When all pods are of the new revision and ready, the new revision is the current one.
    fileprivate mutating func complete(_ set: StatefulSet) {
        let wanted = set.spec.replicas ?? 1
        guard set.spec.updateStrategy?.type == "RollingUpdate", updatedReplicas ?? 0 == wanted, readyReplicas ?? 0 == wanted, replicas == wanted
        else { return }
        currentReplicas = updatedReplicas
        currentRevision = updateRevision
    }
}
