import CoreV1
import KubernetesAPI

/// Turns what is known of one container into its `ContainerStatus`.
struct ContainerStatusBuilder {
    var runtimeName: String
    var pod: Pod
    var observed: ObservedPod
    var verdicts: [String: ProbeVerdict]
    var startFailures: [String: StartFailure]
    var backingOff: [String: PodPlan.BackingOff]
    /// The pod is over: no container waits for anything any more.
    var isTerminating: Bool

    func status(_ container: Container, _ kind: ContainerKind, previous: ContainerStatus?) -> ContainerStatus {
        var status = ContainerStatus()
        status.name = container.name
        status.image = container.image ?? ""
        let newest = observed.newest(container.name)
        if let newest {
            status.state = state(newest)
            status.restartCount = newest.restartCount
            status.containerID = "\(runtimeName)://\(newest.id)"
            if !newest.image.isEmpty { status.image = newest.image }
            status.imageID = newest.imageRef
            if let earlier = observed.previous(container.name), earlier.state == .exited {
                status.lastState = state(earlier)
            } else if let known = previous?.lastState, known.terminated != nil, previous?.containerID == status.containerID {
                status.lastState = known
            }
        } else {
            fillUnmade(&status, kind, previous)
        }
        applyWaiting(&status, container)
        applyReadiness(&status, container, kind, newest)
        applyResources(&status, container, newest)
        return status
    }

    /// A container without an instance in the runtime: not made yet, or removed behind our back.
    private func fillUnmade(_ status: inout ContainerStatus, _ kind: ContainerKind, _ previous: ContainerStatus?) {
        if let previous, let ended = previous.state?.terminated ?? previous.lastState?.terminated {
            status.restartCount = previous.restartCount
            status.imageID = previous.imageID
            status.containerID = previous.containerID
            if previous.state?.terminated != nil && (isTerminating || (kind == .initialization && ended.exitCode == 0)) {
                status.state = previous.state
                return
            }
            status.lastState = ContainerState { $0.terminated = ended }
        } else if let previous, previous.state?.running != nil, let id = previous.containerID {
            // It ran when we last looked and the runtime knows nothing of it now.
            let lost = ContainerState {
                $0.terminated = ContainerStateTerminated {
                    $0.exitCode = 137
                    $0.reason = "ContainerStatusUnknown"
                    $0.message = "The container could not be located when the pod was terminated"
                    $0.containerID = id
                }
            }
            status.restartCount = previous.restartCount
            status.imageID = previous.imageID
            if isTerminating {
                status.containerID = id
                status.state = lost
                return
            }
            status.lastState = lost
        }
        let waitsForInit = kind == .regular && !pod.spec.initContainers.isEmpty && !initDone
        let initWaits = kind == .initialization && !pod.spec.initContainers.isEmpty
        status.state = waiting(waitsForInit || initWaits ? "PodInitializing" : "ContainerCreating", nil)
    }

    private var initDone: Bool {
        pod.spec.initContainers.allSatisfy { container in
            guard let newest = observed.newest(container.name) else { return false }
            return RestartRules.isSidecar(container) ? newest.state == .running : newest.state == .exited && newest.exitCode == 0
        }
    }

    private func applyWaiting(_ status: inout ContainerStatus, _ container: Container) {
        guard !isTerminating, status.state?.running == nil else { return }
        let reason: (String, String)?
        if let failure = startFailures[container.name] {
            reason = (failure.reason, failure.message)
        } else if let wait = backingOff[container.name] {
            reason = (
                "CrashLoopBackOff",
                "back-off \(Texts.duration(wait.delay)) restarting failed container=\(container.name) pod=\(pod.fullName)"
            )
        } else {
            reason = nil
        }
        guard let reason else { return }
        if let ended = status.state?.terminated { status.lastState = ContainerState { $0.terminated = ended } }
        status.state = waiting(reason.0, reason.1)
    }

    private func applyReadiness(
        _ status: inout ContainerStatus, _ container: Container, _ kind: ContainerKind, _ newest: ObservedContainer?
    ) {
        if kind == .ephemeral { return }
        var started = false
        var ready = false
        if let newest, status.state?.running != nil {
            let verdict = verdicts[newest.id] ?? ProbeVerdict(isStarted: container.startupProbe == nil, isReady: container.readinessProbe == nil)
            started = verdict.isStarted
            ready = verdict.isStarted && verdict.isReady
        }
        if kind == .initialization && !RestartRules.isSidecar(container) {
            ready = status.state?.terminated?.exitCode == 0
        }
        status.started = started
        status.ready = ready
    }

    private func applyResources(_ status: inout ContainerStatus, _ container: Container, _ newest: ObservedContainer?) {
        for mount in container.volumeMounts {
            status.volumeMounts.append(
                VolumeMountStatus {
                    $0.name = mount.name
                    $0.mountPath = mount.mountPath
                    $0.readOnly = mount.readOnly == true ? true : nil
                    $0.recursiveReadOnly = mount.readOnly == true ? "Disabled" : nil
                })
        }
        guard let newest, newest.state == .running else { return }
        if let resources = container.resources {
            status.allocatedResources = resources.requests
            status.resources = ResourceRequirements {
                $0.requests = resources.requests
                $0.limits = resources.limits
            }
        }
        if let user = newest.user {
            status.user = ContainerUser {
                $0.linux = LinuxContainerUser {
                    $0.uid = user.uid
                    $0.gid = user.gid
                    $0.supplementalGroups = user.supplementalGroups
                }
            }
        }
    }

    private func state(_ instance: ObservedContainer) -> ContainerState {
        ContainerState {
            switch instance.state {
            case .running: $0.running = ContainerStateRunning { $0.startedAt = instance.startedAt.time }
            case .exited:
                $0.terminated = ContainerStateTerminated {
                    $0.exitCode = instance.exitCode
                    $0.reason = instance.reason.isEmpty ? (instance.exitCode == 0 ? "Completed" : "Error") : instance.reason
                    $0.message = instance.message.isEmpty ? nil : instance.message
                    $0.startedAt = instance.startedAt.isZero ? nil : instance.startedAt.time
                    $0.finishedAt = instance.finishedAt.isZero ? nil : instance.finishedAt.time
                    $0.containerID = "\(runtimeName)://\(instance.id)"
                }
            case .created, .unknown: $0.waiting = ContainerStateWaiting { $0.reason = "ContainerCreating" }
            }
        }
    }

    private func waiting(_ reason: String, _ message: String?) -> ContainerState {
        ContainerState {
            $0.waiting = ContainerStateWaiting {
                $0.reason = reason
                $0.message = message
            }
        }
    }
}
