import CoreV1
import KubernetesAPI

/// Decides what a pod needs next. A pure function of its inputs: no clock, no runtime, nothing remembered.
struct PodPlanner {
    var pod: Pod
    var observed: ObservedPod
    var now: Timestamp
    /// Containers with an operation under way: nothing else is planned for them.
    var busy: Set<String> = []
    /// By container id.
    var verdicts: [String: ProbeVerdict] = [:]
    var backoff = Backoff()
    /// By container name.
    var startFailures: [String: StartFailure] = [:]
    /// Containers that were killed in order to be started again.
    var restartWanted: Set<String> = []

    /// The key of a container in the restart back-off: a changed spec begins anew.
    static func backoffKey(_ pod: Pod, _ container: Container) -> String {
        "\(pod.metadata.uid ?? "")/\(container.name)/\(ContainerHash.hash(container))"
    }

    func plan() -> PodPlan {
        var plan = PodPlan()
        if let attempt = sandboxNeeded() {
            planSandbox(attempt, &plan)
            return plan
        }
        guard let sandbox = observed.readySandbox else { return plan }

        planEphemeral(&plan)
        let initialized = hasInitialized(sandbox)
        switch planInit(sandbox, initialized: initialized, &plan) {
        case .inProgress: return plan
        case .failed:
            plan.starts.removeAll { $0.kind == .initialization }
            plan.stopsPod = true
            return plan
        case .complete: break
        }
        planRegular(&plan)
        return plan
    }

    // MARK: The sandbox

    /// The attempt number of the sandbox to make, or nil when the pod has a usable one.
    func sandboxNeeded() -> UInt32? {
        guard let newest = observed.sandboxes.first else { return 0 }
        let next = newest.attempt &+ 1
        if observed.sandboxes.lazy.filter(\.isReady).count > 1 { return next }
        if !newest.isReady { return next }
        let wantsHost = pod.spec.hostNetwork ?? false
        if newest.usesHostNetwork != wantsHost { return next }
        if !wantsHost && newest.addresses.isEmpty { return next }
        return nil
    }

    private func planSandbox(_ attempt: UInt32, _ plan: inout PodPlan) {
        if attempt != 0, !observed.containers.isEmpty, !RestartRules.restartsOnFailure(pod) {
            // The pod had its one chance; with the sandbox gone it is over.
            plan.stopsPod = true
            return
        }
        let wanted = pod.spec.containers.filter { container in
            guard let newest = observed.newest(container.name), newest.state == .exited else { return true }
            if RestartRules.policy(container, pod) == "Never" { return false }
            return !(RestartRules.policy(container, pod) == "OnFailure" && newest.exitCode == 0)
        }
        if wanted.isEmpty {
            plan.stopsPod = true
            return
        }
        plan.newSandbox = attempt
    }

    // MARK: Init containers

    private enum InitState { case complete, inProgress, failed }

    /// Once any regular container has been made in this sandbox, the init containers are done for good.
    private func hasInitialized(_ sandbox: ObservedSandbox) -> Bool {
        pod.spec.containers.contains { instance($0.name, sandbox) != nil }
    }

    private func instance(_ name: String, _ sandbox: ObservedSandbox) -> ObservedContainer? {
        observed.containers.first { $0.name == name && $0.sandboxID == sandbox.id }
    }

    private func planInit(_ sandbox: ObservedSandbox, initialized: Bool, _ plan: inout PodPlan) -> InitState {
        for container in pod.spec.initContainers {
            if busy.contains(container.name) {
                if initialized { continue }
                return .inProgress
            }
            let instance = instance(container.name, sandbox)
            if RestartRules.isSidecar(container) {
                let usable = planSidecar(container, instance, &plan)
                if !usable && !initialized { return .inProgress }
                continue
            }
            if initialized { continue }
            guard let instance else {
                planStart(container, .initialization, &plan)
                return .inProgress
            }
            switch instance.state {
            case .running: return .inProgress
            case .exited where instance.exitCode == 0: continue
            case .exited:
                if pod.spec.restartPolicy == "Never" { return .failed }
                planStart(container, .initialization, &plan)
                return .inProgress
            case .created, .unknown:
                planKillUnknown(instance, &plan)
                return .inProgress
            }
        }
        return .complete
    }

    /// - Returns: whether the containers after this sidecar may start.
    private func planSidecar(_ container: Container, _ instance: ObservedContainer?, _ plan: inout PodPlan) -> Bool {
        guard let instance else {
            planStart(container, .initialization, &plan)
            return false
        }
        switch instance.state {
        case .running:
            if let kill = killOfRunning(container, instance) {
                plan.kills.append(kill)
                return false
            }
            return verdicts[instance.id]?.isStarted ?? (container.startupProbe == nil)
        case .exited:
            planStart(container, .initialization, &plan)
            return false
        case .created, .unknown:
            planKillUnknown(instance, &plan)
            return false
        }
    }

    // MARK: Regular and ephemeral containers

    private func planRegular(_ plan: inout PodPlan) {
        var alive = 0
        for container in pod.spec.containers {
            if busy.contains(container.name) {
                alive += 1
                continue
            }
            let newest = observed.newest(container.name)
            if let newest, newest.state == .running {
                if let kill = killOfRunning(container, newest) {
                    plan.kills.append(kill)
                }
                alive += 1
                continue
            }
            if let newest, newest.state != .exited {
                planKillUnknown(newest, &plan)
                alive += 1
                continue
            }
            if restartWanted.contains(container.name) || RestartRules.mustStart(container, pod, newest) {
                planStart(container, .regular, &plan)
                alive += 1
            }
        }
        if alive == 0 {
            plan.starts = []
            plan.kills = []
            plan.stopsPod = true
        }
    }

    private func planEphemeral(_ plan: inout PodPlan) {
        for container in pod.spec.ephemeralContainers where !busy.contains(container.name) && observed.newest(container.name) == nil {
            if let failure = startFailures[container.name], failure.retryAt > now {
                plan.check(at: failure.retryAt)
                continue
            }
            plan.starts.append(.init(name: container.name, kind: .ephemeral, after: nil))
        }
    }

    // MARK: Steps

    private func planStart(_ container: Container, _ kind: ContainerKind, _ plan: inout PodPlan) {
        if let failure = startFailures[container.name], failure.retryAt > now {
            plan.check(at: failure.retryAt)
            return
        }
        let newest = observed.newest(container.name)
        var end: Timestamp?
        if let newest, newest.state == .exited {
            let finished = newest.finishedAt.isZero ? newest.createdAt : newest.finishedAt
            end = finished
            let key = PodPlanner.backoffKey(pod, container)
            if let until = backoff.waitsUntil(key, after: finished, now: now) {
                plan.backingOff[container.name] = .init(until: until, delay: backoff.delay(key), containerID: newest.id)
                plan.check(at: until)
                return
            }
        }
        plan.starts.append(.init(name: container.name, kind: kind, after: end))
    }

    private func planKillUnknown(_ instance: ObservedContainer, _ plan: inout PodPlan) {
        guard !busy.contains(instance.name) else { return }
        plan.kills.append(
            .init(
                containerID: instance.id, name: instance.name,
                message: "Container is in \"\(instance.state == .created ? "created" : "unknown")\" state, try killing it before restart",
                cause: .unknownState, restart: false))
    }

    private func killOfRunning(_ container: Container, _ instance: ObservedContainer) -> PodPlan.Kill? {
        if let hash = instance.hash, hash != ContainerHash.hash(container) {
            return .init(
                containerID: instance.id, name: container.name,
                message: "Container \(container.name) definition changed, will be restarted", cause: .imageChanged, restart: true)
        }
        guard let cause = verdicts[instance.id]?.mustDie else { return nil }
        let restart = RestartRules.isSidecar(container) || RestartRules.policy(container, pod) != "Never"
        let probe = cause == .startupProbe ? "startup" : "liveness"
        let message = "Container \(container.name) failed \(probe) probe" + (restart ? ", will be restarted" : "")
        return .init(containerID: instance.id, name: container.name, message: message, cause: cause, restart: restart)
    }
}
