import CoreV1
import KubernetesAPI

/// The conditions that the node agent owns, with upstream's reasons and messages.
struct PodConditions {
    static let owned: Set<String> = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"]

    var pod: Pod
    var status: PodStatus
    var hasUsableSandbox: Bool
    var now: Time

    /// The owned conditions, in upstream's order, followed by those of others, untouched.
    func all() -> [PodCondition] {
        let computed = [
            condition("PodReadyToStartContainers", (hasUsableSandbox, nil, nil)),
            condition("Initialized", initialized()),
            condition("Ready", ready()),
            condition("ContainersReady", containersReady()),
            condition("PodScheduled", (true, nil, nil)),
        ]
        return computed + pod.status.conditions.filter { !PodConditions.owned.contains($0.type) }
    }

    private typealias Verdict = (holds: Bool, reason: String?, message: String?)

    private func condition(_ type: String, _ verdict: Verdict) -> PodCondition {
        let value = verdict.holds ? "True" : "False"
        let before = pod.status.conditions.first { $0.type == type }
        return PodCondition {
            $0.type = type
            $0.status = value
            $0.reason = verdict.reason
            $0.message = verdict.message
            $0.observedGeneration = pod.metadata.generation
            $0.lastTransitionTime = before?.status == value ? before?.lastTransitionTime ?? now : now
        }
    }

    private func initialized() -> Verdict {
        var unknown: [String] = []
        var incomplete: [String] = []
        for container in pod.spec.initContainers {
            guard let state = status.initContainerStatuses.first(where: { $0.name == container.name }) else {
                unknown.append(container.name)
                continue
            }
            let done = RestartRules.isSidecar(container) ? state.started == true : state.ready
            if !done { incomplete.append(container.name) }
        }
        if status.phase == "Succeeded" && unknown.isEmpty { return (true, "PodCompleted", nil) }
        let startedRegular = status.containerStatuses.contains {
            $0.state?.running != nil || $0.state?.terminated != nil || $0.lastState?.terminated != nil
        }
        if startedRegular { return (true, nil, nil) }
        return unless([("containers with unknown status", unknown), ("containers with incomplete status", incomplete)], "ContainersNotInitialized")
    }

    private func containersReady() -> Verdict {
        var unknown: [String] = []
        var unready: [String] = []
        let sidecars = pod.spec.initContainers.filter(RestartRules.isSidecar)
        let states = status.initContainerStatuses + status.containerStatuses
        for container in sidecars + pod.spec.containers {
            guard let state = states.first(where: { $0.name == container.name }) else {
                unknown.append(container.name)
                continue
            }
            if !state.ready { unready.append(container.name) }
        }
        if status.phase == "Succeeded" && unknown.isEmpty { return (false, "PodCompleted", nil) }
        if status.phase == "Failed" { return (false, "PodFailed", nil) }
        return unless([("containers with unknown status", unknown), ("containers with unready status", unready)], "ContainersNotReady")
    }

    private func ready() -> Verdict {
        let containers = containersReady()
        guard containers.holds else { return containers }
        var problems: [String] = []
        for gate in pod.spec.readinessGates {
            guard let found = pod.status.conditions.first(where: { $0.type == gate.conditionType }) else {
                problems.append("corresponding condition of pod readiness gate \"\(gate.conditionType)\" does not exist.")
                continue
            }
            if found.status != "True" {
                problems.append("the status of pod readiness gate \"\(gate.conditionType)\" is not \"True\", but \(found.status)")
            }
        }
        if problems.isEmpty { return (true, nil, nil) }
        return (false, "ReadinessGatesNotReady", problems.joined(separator: ", "))
    }

    private func unless(_ problems: [(String, [String])], _ reason: String) -> Verdict {
        let texts = problems.filter { !$0.1.isEmpty }.map { "\($0.0): \(Texts.list($0.1))" }
        return texts.isEmpty ? (true, nil, nil) : (false, reason, texts.joined(separator: ", "))
    }
}
