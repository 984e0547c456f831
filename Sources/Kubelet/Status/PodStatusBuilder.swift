import CoreV1
import KubernetesAPI

/// Computes a pod's status from what the runtime, the probes and the worker know. Pure; the same inputs give the same status.
struct PodStatusBuilder {
    var pod: Pod
    var observed: ObservedPod
    var now: Timestamp
    var runtimeName: String
    /// The node's addresses, the primary one first.
    var hostIPs: [String]
    var verdicts: [String: ProbeVerdict] = [:]
    var startFailures: [String: StartFailure] = [:]
    var backingOff: [String: PodPlan.BackingOff] = [:]
    /// Why the node agent gave the pod up, such as Evicted or DeadlineExceeded.
    var failure: (reason: String, message: String)?
    /// The pod is being stopped for good; `isOver` when all of it has ended.
    var isTerminating = false
    var isOver = false

    func status() -> PodStatus {
        let before = pod.status
        var status = PodStatus()
        status.resize = before.resize
        status.nominatedNodeName = before.nominatedNodeName
        status.resourceClaimStatuses = before.resourceClaimStatuses
        status.qosClass = before.qosClass ?? QoS.classOf(pod).rawValue
        status.startTime = before.startTime ?? now.time
        status.observedGeneration = pod.metadata.generation
        status.reason = before.reason
        status.message = before.message
        fillAddresses(&status)
        fillContainers(&status)
        if isOver { endWhatIsLeft(&status) }
        fillPhase(&status)
        status.conditions =
            PodConditions(
                pod: pod, status: status,
                hasUsableSandbox: PodPlanner(pod: pod, observed: observed, now: now).sandboxNeeded() == nil, now: now.time
            ).all()
        return status
    }

    private func fillAddresses(_ status: inout PodStatus) {
        status.hostIP = hostIPs.first
        status.hostIPs = hostIPs.map { address in HostIP { $0.ip = address } }
        var addresses: [String] = []
        if pod.usesHostNetwork {
            addresses = observed.sandboxes.isEmpty ? [] : hostIPs
        } else {
            addresses = observed.sandboxes.first { !$0.addresses.isEmpty }?.addresses ?? []
        }
        if addresses.isEmpty && !pod.status.podIPs.isEmpty { addresses = pod.status.podIPs.map(\.ip) }
        status.podIP = addresses.first
        status.podIPs = addresses.map { address in PodIP { $0.ip = address } }
    }

    private func fillContainers(_ status: inout PodStatus) {
        let builder = ContainerStatusBuilder(
            runtimeName: runtimeName, pod: pod, observed: observed, verdicts: verdicts, startFailures: startFailures, backingOff: backingOff,
            isTerminating: isTerminating)
        status.initContainerStatuses = pod.spec.initContainers.map { container in
            builder.status(container, .initialization, previous: pod.status.initContainerStatuses.first { $0.name == container.name })
        }
        status.containerStatuses = pod.spec.containers.map { container in
            builder.status(container, .regular, previous: pod.status.containerStatuses.first { $0.name == container.name })
        }
        status.ephemeralContainerStatuses = pod.spec.ephemeralContainers.map { container in
            builder.status(
                container.asContainer, .ephemeral, previous: pod.status.ephemeralContainerStatuses.first { $0.name == container.name })
        }
    }

    /// When a pod is over no container may look as if it could still run.
    private func endWhatIsLeft(_ status: inout PodStatus) {
        func end(_ statuses: inout [ContainerStatus]) {
            for index in statuses.indices where statuses[index].state?.terminated == nil {
                statuses[index].state = ContainerState {
                    $0.terminated = ContainerStateTerminated {
                        $0.exitCode = 137
                        $0.reason = "ContainerStatusUnknown"
                        $0.message = "The container could not be located when the pod was terminated"
                    }
                }
                statuses[index].ready = false
                statuses[index].started = false
            }
        }
        let initFinished = status.initContainerStatuses.allSatisfy { $0.state?.terminated != nil }
        let anythingRan =
            !initFinished
            || (status.initContainerStatuses + status.containerStatuses).contains { $0.state?.terminated != nil || $0.state?.running != nil }
        // A pod that never got as far as a container says why it waited, and not that containers were lost.
        guard anythingRan else { return }
        end(&status.containerStatuses)
        end(&status.initContainerStatuses)
    }

    private func fillPhase(_ status: inout PodStatus) {
        if pod.isTerminal {
            status.phase = pod.status.phase
        } else if let failure {
            status.phase = "Failed"
            status.reason = failure.reason
            status.message = failure.message
        } else {
            status.phase = PodPhase.phase(pod, status, isOver: isOver)
        }
        // The phase ends only when nothing runs any more, unless the agent itself declared the pod failed.
        let stillRunning = (status.initContainerStatuses + status.containerStatuses).contains { $0.state?.running != nil }
        if failure == nil && !pod.isTerminal && stillRunning && (status.phase == "Failed" || status.phase == "Succeeded") {
            status.phase = pod.status.phase ?? "Running"
        }
    }
}
