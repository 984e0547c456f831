import CoreV1
import KubernetesAPI
import PolicyV1

/// What a disruption budget allows now: decisions only.
struct DisruptionPlan {
    /// An eviction that the API server has noted counts until the pod is seen to go, or for this long, in seconds.
    static let deletionTimeout: Int64 = 120

    private(set) var status: PodDisruptionBudgetStatus
    /// When the first noted eviction times out, in seconds since 1970.
    private(set) var recheckAt: Int64?
    /// Pods that were to go and have not.
    private(set) var notDeleted: [Pod] = []

    /// - Parameter scale: the replicas that the pods' controllers ask for in all; only looked at where the budget needs it.
    init(_ budget: PodDisruptionBudget, pods: [Pod], scale: () throws -> Int32, now: Int64) throws {
        status = budget.status
        let (expected, desired) = try Self.wanted(budget.spec, pods, scale)
        status.disruptedPods = [:]
        for pod in pods where pod.metadata.deletionTimestamp == nil {
            guard let name = pod.metadata.name, let noted = budget.status.disruptedPods[name] else { continue }
            let end = noted.seconds + Self.deletionTimeout
            if end < now {
                notDeleted.append(pod)
            } else {
                recheckAt = min(recheckAt ?? end, end)
                status.disruptedPods[name] = noted
            }
        }
        let disrupted = status.disruptedPods
        let healthy = pods.count { pod in
            pod.metadata.deletionTimestamp == nil && disrupted[pod.metadata.name ?? ""] == nil && pod.isReady
        }
        let allowed = expected <= 0 ? 0 : max(0, healthy - Int(desired))
        status.expectedPods = expected
        status.desiredHealthy = desired
        status.currentHealthy = Int32(clamping: healthy)
        status.disruptionsAllowed = Int32(clamping: allowed)
        status.observedGeneration = budget.metadata.generation
        status.set(
            status: allowed > 0 ? "True" : "False", reason: allowed > 0 ? "SufficientPods" : "InsufficientPods", message: "",
            generation: budget.metadata.generation, now: now)
    }

    private static func wanted(_ spec: PodDisruptionBudgetSpec, _ pods: [Pod], _ scale: () throws -> Int32) throws -> (
        expected: Int32, desired: Int32
    ) {
        if let unavailable = spec.maxUnavailable {
            let expected = try scale()
            let most = try unavailable.scaledValue(total: Int64(expected), roundUp: true)
            return (expected, Int32(clamping: max(0, Int64(expected) - most)))
        }
        switch spec.minAvailable {
        case .int(let number)?:
            return (Int32(clamping: pods.count), number)
        case .string?:
            let expected = try scale()
            return (expected, Int32(clamping: try spec.minAvailable?.scaledValue(total: Int64(expected), roundUp: true) ?? 0))
        case nil:
            return (0, 0)
        }
    }
}

extension PodDisruptionBudgetStatus {
    /// Sets the condition DisruptionAllowed; it keeps its time while its status stays.
    mutating func set(status: String, reason: String, message: String, generation: Int64?, now: Int64) {
        let known = conditions.first { $0.type == "DisruptionAllowed" }
        let condition = Condition {
            $0.type = "DisruptionAllowed"
            $0.status = status
            $0.reason = reason
            $0.message = message
            $0.observedGeneration = generation
            $0.lastTransitionTime = known?.status == status ? known?.lastTransitionTime : Time(seconds: now)
        }
        if let index = conditions.firstIndex(where: { $0.type == condition.type }) {
            conditions[index] = condition
        } else {
            conditions.append(condition)
        }
    }
}
