import CoreV1

/// The phase that follows from a pod's container statuses.
enum PodPhase {
    /// - Parameter isOver: the kubelet has stopped the pod for good, so what has ended stays ended.
    static func phase(_ pod: Pod, _ status: PodStatus, isOver: Bool) -> String {
        var pendingInit = 0
        var failedInit = 0
        for container in pod.spec.initContainers {
            guard let state = status.initContainerStatuses.first(where: { $0.name == container.name }) else {
                pendingInit += 1
                continue
            }
            if RestartRules.isSidecar(container) {
                if state.started != true && !hasStartedRegular(status) { pendingInit += 1 }
                continue
            }
            if let ended = state.state?.terminated {
                if ended.exitCode != 0 { failedInit += 1 }
            } else if state.state?.waiting != nil, let ended = state.lastState?.terminated {
                if ended.exitCode != 0 { failedInit += 1 } else { pendingInit += 1 }
            } else {
                pendingInit += 1
            }
        }
        var unknown = 0
        var running = 0
        var waiting = 0
        var stopped = 0
        var succeeded = 0
        for container in pod.spec.containers {
            guard let state = status.containerStatuses.first(where: { $0.name == container.name }) else {
                unknown += 1
                continue
            }
            if state.state?.running != nil {
                running += 1
            } else if let ended = state.state?.terminated {
                stopped += 1
                if ended.exitCode == 0 { succeeded += 1 }
            } else if state.state?.waiting != nil {
                if state.lastState?.terminated != nil { stopped += 1 } else { waiting += 1 }
            } else {
                unknown += 1
            }
        }
        if failedInit > 0 && pod.spec.restartPolicy == "Never" { return "Failed" }
        // A pod whose regular containers ran once is past initialization, whatever its sidecars do now.
        if pendingInit > 0 && !hasStartedRegular(status) { return isOver ? "Failed" : "Pending" }
        if waiting > 0 { return isOver ? "Failed" : "Pending" }
        if running > 0 && unknown == 0 { return "Running" }
        if running == 0 && stopped > 0 && unknown == 0 {
            if isOver { return stopped == succeeded ? "Succeeded" : "Failed" }
            if stopped == succeeded && pod.spec.restartPolicy != "Always" { return "Succeeded" }
            if pod.spec.restartPolicy == "Never" { return "Failed" }
            return "Running"
        }
        return "Pending"
    }

    private static func hasStartedRegular(_ status: PodStatus) -> Bool {
        status.containerStatuses.contains { $0.state?.running != nil || $0.state?.terminated != nil || $0.lastState?.terminated != nil }
    }
}
