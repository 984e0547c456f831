import AppsV1
import CoreV1
import JSON
import KubernetesAPI
import KubernetesClient
import Logging

/// Keeps one pod of each DaemonSet on every node that it is meant for.
struct DaemonSetController: Controller {
    static let name = "daemonset-controller"
    /// Pods created or deleted in one step.
    static let burst = 250

    let context: ControllerContext
    let sets: Informer<DaemonSet>
    let revisions: DependentWatch<DaemonSet, ControllerRevision>
    private let nodes: Informer<Node>
    let pods: DependentWatch<DaemonSet, Pod>
    private let events: EventRecorder
    private let control: PodControl
    private let expectations: Expectations
    private let queue: WorkQueue<NamespacedName>
    private let failures: KeyedBackoff<FailedPlace>

    private struct FailedPlace: Hashable {
        var uid: String
        var generation: Int64
        var node: String
    }

    init(_ context: ControllerContext) {
        let context = context.named(Self.name)
        self.context = context
        sets = context.informers.informer(DaemonSet.self)
        nodes = context.informers.informer(Node.self)
        events = context.recorder(Self.name)
        control = PodControl(client: context.client, events: events)
        expectations = Expectations(time: context.time)
        queue = WorkQueue(time: context.time)
        failures = KeyedBackoff(base: .seconds(1), limit: .seconds(15 * 60), time: context.time)
        pods = DependentWatch(
            owners: sets, dependents: context.informers.informer(Pod.self), queue: queue, expectations: expectations, selector: { $0.spec.selector })
        revisions = DependentWatch(
            owners: sets, dependents: context.informers.informer(ControllerRevision.self), queue: queue, selector: { $0.spec.selector })
        watch()
    }

    private func watch() {
        let (queue, sets) = (queue, sets)
        pods.install { set, old, new in
            guard let seconds = set.spec.minReadySeconds, seconds > 0, !old.isReady, new.isReady else { return }
            // One more for the parts of a second that times do not have.
            queue.add(NamespacedName(set.metadata), after: .seconds(Int(seconds) + 1))
        }
        revisions.install()
        nodes.addHandler(
            added: { node in
                for set in sets.list() where DaemonFit(set.tolerantTemplate, on: node).shouldRun { queue.add(NamespacedName(set.metadata)) }
            },
            updated: { old, new in
                // Most updates of nodes are signs of life, which concern no daemon.
                if old.metadata.labels == new.metadata.labels, old.spec.taints.map(\.identity) == new.spec.taints.map(\.identity) { return }
                for set in sets.list() {
                    let template = set.tolerantTemplate
                    if DaemonFit(template, on: old) != DaemonFit(template, on: new) { queue.add(NamespacedName(set.metadata)) }
                }
            },
            deleted: { node in
                for set in sets.list() where DaemonFit(set.tolerantTemplate, on: node).mayContinue { queue.add(NamespacedName(set.metadata)) }
            })
    }

    func run() async throws {
        await runWorkers(queue: queue, count: 2, logger: context.logger) { [self] key in try await sync(key) }
    }

    private func sync(_ key: NamespacedName) async throws {
        guard let set = sets.get(key) else { return expectations.forget(key) }
        let selector = try Selector(set.spec.selector)
        guard !selector.isEmpty else {
            events.event(
                set, type: "Warning", reason: "SelectingAll",
                message: "This daemon set is selecting all pods. A non-empty selector is required.")
            return
        }
        guard set.metadata.deletionTimestamp == nil else { return }
        let areExpectationsMet = expectations.areMet(key)
        let history = try await history(of: set, selector)
        let hash = history.current.metadata.labels[ControllerRevision.hashLabel] ?? ""
        let owned = try await claimedPods(of: set, selector)
        var plan = DaemonPlan(set, hash: hash, nodes: nodes.list(), pods: owned, now: context.now)
        guard areExpectationsMet else { return try await writeStatus(plan, observed: false) }
        var failure: (any Error)?
        do {
            try await step(&plan, key)
            try await cleanUp(history.old, of: set, keeping: owned)
        } catch {
            failure = error
        }
        try await writeStatus(plan, observed: true)
        if let failure { throw failure }
    }

    func claimedPods(of set: DaemonSet, _ selector: Selector) async throws -> [Pod] {
        let claims = Claims<DaemonSet, Pod>(owner: set, selector: selector, client: context.client)
        return try await claims.claim(pods.candidates(of: set, matching: selector))
    }

    /// Creates and deletes what one pod on each node asks for, and if that is nothing, what the update to the new template asks for.
    private func step(_ plan: inout DaemonPlan, _ key: NamespacedName) async throws {
        let set = plan.set
        failures.forgetQuiet()
        plan.manage { node in
            let place = FailedPlace(uid: set.metadata.uid ?? "", generation: set.status.observedGeneration ?? 0, node: node)
            guard let wait = failures.wait(place) else { return true }
            queue.add(key, after: wait)
            return false
        }
        for finding in plan.findings { tell(finding, about: set) }
        try await carryOut(plan, key)
        guard expectations.areMet(key), set.spec.updateStrategy?.type == "RollingUpdate" else { return }
        plan.creations = []
        plan.deletions = []
        plan.roll()
        try await carryOut(plan, key)
    }

    private func tell(_ finding: DaemonPlan.Finding, about set: DaemonSet) {
        switch finding {
        case .failed(let pod, let node):
            events.event(
                set, type: "Warning", reason: "FailedDaemonPod", message: "Found failed daemon pod \(pod) on node \(node), will try to kill it")
        case .succeeded(let pod, let node):
            events.event(
                set, type: "Normal", reason: "SucceededDaemonPod",
                message: "Found succeeded daemon pod \(pod) on node \(node), will try to delete it")
        }
    }

    private func carryOut(_ plan: DaemonPlan, _ key: NamespacedName) async throws {
        let creations = Array(plan.creations.prefix(Self.burst))
        let deletions = Array(plan.deletions.prefix(Self.burst))
        let uids = Set(deletions.compactMap(\.metadata.uid))
        expectations.expect(key, creations: creations.count, deletions: uids)
        let template = plan.set.tolerantTemplate
        let (set, hash) = (plan.set, plan.hash)
        let (done, failure) = await inGrowingBatches(over: creations) { [control] node in
            try await control.create(set.pod(from: template, on: node, hash: hash), for: set)
        }
        for _ in done..<creations.count { expectations.sawCreation(key) }
        let deletionFailure = await control.delete(deletions, for: set, expectations, key).failure
        if let failure, (failure as? APIStatusError)?.isNamespaceTerminating != true { throw failure }
        if let deletionFailure { throw deletionFailure }
        if plan.creations.count > creations.count || plan.deletions.count > deletions.count { queue.add(key) }
    }

    private func writeStatus(_ plan: DaemonPlan, observed: Bool) async throws {
        let set = plan.set
        let key = NamespacedName(set.metadata)
        let status = plan.status(observed: observed)
        if status.jsonBytes() != set.status.jsonBytes() {
            // The set may have changed since: its newest copy takes the figures, which do not depend on it.
            var changed = set
            changed.status = status
            do {
                _ = try await context.client.update(changed, subresource: "status")
            } catch let error as APIStatusError where error.isConflict {
                changed = try await context.client.get(DaemonSet.self, key.name, namespace: key.namespace)
                guard changed.metadata.uid == set.metadata.uid else { return }
                let collisions = changed.status.collisionCount
                changed.status = status
                changed.status.collisionCount = collisions
                _ = try await context.client.update(changed, subresource: "status")
            } catch let error as APIStatusError where error.isNotFound {
                return
            }
        }
        if let seconds = set.spec.minReadySeconds, seconds > 0, status.numberReady != status.numberAvailable ?? 0 {
            queue.add(key, after: .seconds(Int(seconds)))
        }
    }
}

extension Taint {
    /// What makes taints differ for those who tolerate them.
    var identity: String { "\(key)=\(value ?? ""):\(effect)" }
}
