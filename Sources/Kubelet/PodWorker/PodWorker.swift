import ContainerRuntime
import CoreV1
import JSON
import KubernetesAPI
import KubernetesClient
import Logging
import Synchronization

/// Everything about one pod on this node happens here: one task that owns the pod's state machine, looks at the runtime, does what the machine
/// says and feeds back what came of it. Long steps run as child tasks, so the pod's status and its other containers never wait for them.
final class PodWorker: Sendable {
    let mailbox = PodMailbox()
    private let services: NodeServices
    private let registry: PodRegistry
    private let logger: Logger
    private let first: Pod
    private let verdicts = Mutex<[String: ProbeVerdict]>([:])
    private let probesMayKill = Atomic<Bool>(true)

    /// When the runtime cannot be asked, this long until the next try.
    private static let lookAgainAfter: Duration = .seconds(1)
    private static let idleMax: Duration = .seconds(3600)

    init(_ pod: Pod, services: NodeServices, registry: PodRegistry) {
        self.first = pod
        self.services = services
        self.registry = registry
        var logger = services.logger
        logger[metadataKey: "pod"] = "\(pod.key)"
        self.logger = logger
    }

    /// Returns when nothing of the pod is left on the node, or when the task is cancelled; containers then go on running.
    func run() async {
        var machine = PodMachine(pod: first, settings: settings())
        await withDiscardingTaskGroup { group in
            var work = Work()
            var ended = EndedContainers()
            while !Task.isCancelled {
                let (inputs, mustLook, endedNow) = mailbox.take()
                ended.add(endedNow)
                for input in inputs { machine.receive(input, now: services.time.now) }
                var pause = PodWorker.idleMax
                if mustLook || machine.wantsObservation, !(await look(&machine)) {
                    pause = PodWorker.lookAgainAfter
                    mailbox.lookAtRuntime()
                    do { try await services.time.sleep(pause) } catch { break }
                    continue
                }
                probe(&machine, &work, &group)
                let now = services.time.now
                let outcome = machine.step(now: now)
                probesMayKill.store(outcome.probesMayKill, ordering: .relaxed)
                registry.update(machine.pod, machine.observed)
                if outcome.steps.contains(.finish) { break }
                for step in outcome.steps { perform(step, machine, outcome, &work, &group) }
                if let soon = ended.check(machine.observed) {
                    // The wait ends early if something else comes; either way the next round looks.
                    do { try await mailbox.wait(atMost: soon, services.time) } catch { break }
                    mailbox.lookAtRuntime()
                    continue
                }
                if let wakeAt = outcome.wakeAt { pause = max(.milliseconds(1), min(pause, wakeAt.since(now))) }
                do { try await mailbox.wait(atMost: pause, services.time) } catch { break }
            }
            work.cancelAll()
            group.cancelAll()
        }
    }

    private func settings() -> PodMachine.Settings {
        PodMachine.Settings(
            runtimeName: services.runtimeName, hostIPs: services.node().addresses, syncFrequency: services.configuration.syncFrequency,
            maxRestartPeriod: services.configuration.maxContainerRestartPeriod)
    }

    private func look(_ machine: inout PodMachine) async -> Bool {
        do {
            let seen = try await services.observer.observe(after: machine.observed)
            machine.receive(.observed(seen), now: services.time.now)
            return true
        } catch {
            if !Task.isCancelled { logger.warning("the runtime could not be asked for the pod", metadata: ["error": "\(error)"]) }
            return false
        }
    }

    // MARK: Work under way

    private struct Work {
        var starts: [Int: CancelScope] = [:]
        var probers: [String: CancelScope] = [:]
        var nextID = 0

        func cancelAll() {
            for scope in starts.values { scope.cancel() }
            for scope in probers.values { scope.cancel() }
        }
    }

    /// Runs a step beside the loop; it can be given up through `cancelStarts`.
    private func begin(_ work: inout Work, _ group: inout DiscardingTaskGroup, _ body: @escaping @Sendable () async -> Void) {
        let scope = CancelScope()
        work.nextID += 1
        work.starts[work.nextID] = scope
        group.addTask { await scope.run(body) }
    }

    private func perform(
        _ step: PodStep, _ machine: PodMachine, _ outcome: PodMachine.Outcome, _ work: inout Work, _ group: inout DiscardingTaskGroup
    ) {
        let pod = machine.pod
        let observed = machine.observed
        let services = services
        let mailbox = mailbox
        switch step {
        case .prepare:
            begin(&work, &group) { mailbox.post(.prepared(await PodPreparation(services: services, pod: pod, observed: observed).prepare())) }
        case .refreshVolumes:
            group.addTask {
                await PodPreparation(services: services, pod: pod, observed: observed).refresh()
                mailbox.post(.refreshed)
            }
        case .makeSandbox(let attempt):
            begin(&work, &group) {
                let maker = SandboxMaker(services: services, pod: pod, observed: observed)
                mailbox.post(.sandboxMade((try? await maker.make(attempt: attempt)) ?? .cancelled))
            }
        case .start(let starts):
            guard let sandbox = observed.readySandbox else { return }
            begin(&work, &group) {
                let starter = ContainerStarter(services: services, pod: pod, observed: observed, sandbox: sandbox)
                for start in starts {
                    guard let container = pod.container(start.name)?.container else { continue }
                    // What is thrown is cancellation only; the next look at the runtime tells what became of the container.
                    let failure = try? await starter.start(container, start.kind)
                    mailbox.post(.started(name: start.name, failure ?? nil))
                }
            }
        case .kill(let kill):
            group.addTask { await Self.kill(kill, pod, observed, services, mailbox) }
        case .cancelStarts:
            for scope in work.starts.values { scope.cancel() }
            work.starts = [:]
        case .stop(let grace):
            group.addTask {
                mailbox.post(.stopped(await PodStopper(services: services, pod: pod, observed: observed).stop(graceSeconds: grace, message: nil)))
            }
        case .removeContainers(let ids):
            group.addTask { for id in ids { try? await services.runtime.removeContainer(id) } }
        case .removeSandboxes(let ids):
            group.addTask { for id in ids { try? await services.runtime.removePodSandbox(id) } }
        case .publish:
            guard let status = outcome.status else { return }
            group.addTask { await PodWriter(services: services).publish(pod, status, mailbox) }
        case .tearDown:
            group.addTask { mailbox.post(.tornDown(PodPreparation(services: services, pod: pod, observed: observed).tearDown())) }
        case .deleteFromAPI:
            group.addTask { mailbox.post(.deleted(await PodWriter(services: services).delete(pod))) }
        case .cleanUp:
            group.addTask { mailbox.post(.cleanedUp(await PodPreparation(services: services, pod: pod, observed: observed).cleanUp())) }
        case .backOffEvent(let container, _):
            services.events.warning(pod, container, "BackOff", "Back-off restarting failed container \(container) in pod \(pod.fullName)")
        case .deadlineEvent(let failure):
            services.events.normal(pod, nil, failure.reason, failure.message)
        case .finish: return
        }
    }

    private static func kill(
        _ kill: PodPlan.Kill, _ pod: Pod, _ observed: ObservedPod, _ services: NodeServices, _ mailbox: PodMailbox
    ) async {
        let podIP = observed.sandboxes.first?.addresses.first ?? services.node().addresses.first ?? ""
        if kill.cause == .unknownState {
            // It never ran or cannot be known; only its removal makes room for a new one.
            try? await services.runtime.removeContainer(kill.containerID)
        } else {
            await ContainerStopper(services: services, pod: pod, podIP: podIP)
                .stop(id: kill.containerID, name: kill.name, message: kill.message, cause: kill.cause, graceSeconds: pod.gracePeriodSeconds)
        }
        mailbox.post(.killed(name: kill.name, restart: kill.restart))
    }

    // MARK: Probes

    /// Starts probing of what runs newly and ends it for what does not run any more.
    private func probe(_ machine: inout PodMachine, _ work: inout Work, _ group: inout DiscardingTaskGroup) {
        let wanted = machine.probedContainers
        let ids = Set(wanted.map(\.id))
        for (id, scope) in work.probers where !ids.contains(id) {
            scope.cancel()
            work.probers[id] = nil
        }
        verdicts.withLock { $0 = $0.filter { ids.contains($0.key) } }
        for instance in wanted where work.probers[instance.id] == nil {
            guard let container = machine.pod.container(instance.name)?.container, ContainerProber.needed(container) else { continue }
            let scope = CancelScope()
            work.probers[instance.id] = scope
            let prober = makeProber(container, instance, machine.pod)
            verdicts.withLock { $0[instance.id] = prober.initial }
            group.addTask { await scope.run { await prober.run() } }
        }
        machine.receive(.verdicts(verdicts.withLock { $0 }), now: services.time.now)
    }

    private func makeProber(_ container: Container, _ instance: ObservedContainer, _ pod: Pod) -> ContainerProber {
        let uid = pod.uid
        let id = instance.id
        return ContainerProber(
            action: ProbeAction(runtime: services.runtime, http: services.http), events: services.events, time: services.time, container: container,
            containerID: id, startedAt: instance.startedAt,
            pod: { [registry] in registry.entry(uid: uid)?.pod ?? pod },
            podIP: { [registry, services] in
                registry.entry(uid: uid)?.observed.sandboxes.first?.addresses.first ?? services.node().addresses.first ?? "127.0.0.1"
            },
            initial: initialVerdict(container, instance, pod),
            mayKill: { [weak self] in self?.probesMayKill.load(ordering: .relaxed) ?? false },
            report: { [weak self] verdict in
                guard let self else { return }
                let all = self.verdicts.withLock { verdicts in
                    verdicts[id] = verdict
                    return verdicts
                }
                self.mailbox.post(.verdicts(all))
            })
    }

    /// A container that an earlier life of the agent found started and ready stays so until a probe says otherwise: a restart of the agent must
    /// not take a serving pod out of its services.
    private func initialVerdict(_ container: Container, _ instance: ObservedContainer, _ pod: Pod) -> ProbeVerdict {
        let known = (pod.status.containerStatuses + pod.status.initContainerStatuses).first { status in
            status.containerID == "\(services.runtimeName)://\(instance.id)" && status.started == true
        }
        guard let known else { return ContainerProber.initialVerdict(container) }
        return ProbeVerdict(isStarted: true, isReady: known.ready || container.readinessProbe == nil)
    }
}
