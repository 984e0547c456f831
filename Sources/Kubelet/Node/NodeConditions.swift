import CoreV1
import KubernetesAPI

/// What was measured of the node's health.
struct NodeHealth: Sendable {
    /// Reasons for not being ready, most important first; none: ready.
    var problems: [String] = []
    var memoryPressure = false
    var diskPressure = false
    var pidPressure = false
}

/// The node's conditions, with upstream's reasons and messages.
struct NodeConditions {
    var before: [NodeCondition]
    var health: NodeHealth
    var now: Time

    /// Upstream's order; conditions of others are not touched.
    func all() -> [NodeCondition] {
        let isReady = health.problems.isEmpty
        let problem = health.problems.count == 1 ? health.problems[0] : "[" + health.problems.joined(separator: ", ") + "]"
        let computed = [
            condition(
                "MemoryPressure", health.memoryPressure,
                health.memoryPressure ? "KubeletHasInsufficientMemory" : "KubeletHasSufficientMemory",
                health.memoryPressure ? "kubelet has insufficient memory available" : "kubelet has sufficient memory available"),
            condition(
                "DiskPressure", health.diskPressure, health.diskPressure ? "KubeletHasDiskPressure" : "KubeletHasNoDiskPressure",
                health.diskPressure ? "kubelet has disk pressure" : "kubelet has no disk pressure"),
            condition(
                "PIDPressure", health.pidPressure, health.pidPressure ? "KubeletHasInsufficientPID" : "KubeletHasSufficientPID",
                health.pidPressure ? "kubelet has insufficient PID available" : "kubelet has sufficient PID available"),
            condition(
                "Ready", isReady, isReady ? "KubeletReady" : "KubeletNotReady", isReady ? "kubelet is posting ready status" : problem),
        ]
        let own = Set(computed.map(\.type))
        return before.filter { !own.contains($0.type) } + computed
    }

    private func condition(_ type: String, _ holds: Bool, _ reason: String, _ message: String) -> NodeCondition {
        let value = holds ? "True" : "False"
        let earlier = before.first { $0.type == type }
        return NodeCondition {
            $0.type = type
            $0.status = value
            $0.reason = reason
            $0.message = message
            $0.lastHeartbeatTime = now
            $0.lastTransitionTime = earlier?.status == value ? earlier?.lastTransitionTime ?? now : now
        }
    }
}
