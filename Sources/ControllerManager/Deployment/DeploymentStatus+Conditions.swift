import AppsV1
import KubernetesAPI

extension Deployment {
    func condition(_ type: String) -> DeploymentCondition? { status.conditions.first { $0.type == type } }

    var hasProgressDeadline: Bool {
        guard let deadline = spec.progressDeadlineSeconds else { return false }
        return deadline != Int32.max
    }

    /// Everything is new, available, and nothing old is left.
    func isComplete(_ status: DeploymentStatus) -> Bool {
        let wanted = spec.replicas ?? 1
        return status.updatedReplicas ?? 0 == wanted && status.replicas ?? 0 == wanted && status.availableReplicas ?? 0 == wanted
            && status.observedGeneration ?? 0 >= metadata.generation ?? 0
    }
}

extension DeploymentCondition {
    init(type: String, status: String, reason: String, message: String, now: Int64) {
        self.init()
        self.type = type
        self.status = status
        self.reason = reason
        self.message = message
        lastUpdateTime = Time(seconds: now)
        lastTransitionTime = Time(seconds: now)
    }

    static func progressing(_ status: String, _ reason: String, _ message: String, now: Int64) -> Self {
        .init(type: "Progressing", status: status, reason: reason, message: message, now: now)
    }
}

extension DeploymentStatus {
    /// Puts the condition in; one of the same status keeps its transition time, one of the same status and reason stays as it is.
    mutating func set(_ condition: DeploymentCondition) {
        guard let index = conditions.firstIndex(where: { $0.type == condition.type }) else { return conditions.append(condition) }
        let known = conditions[index]
        if known.status == condition.status, known.reason == condition.reason { return }
        var condition = condition
        if known.status == condition.status { condition.lastTransitionTime = known.lastTransitionTime }
        conditions.remove(at: index)
        conditions.append(condition)
    }

    mutating func removeCondition(_ type: String) {
        conditions.removeAll { $0.type == type }
    }
}
