import AutoscalingV2
import KubernetesAPI

extension HorizontalPodAutoscaler {
    /// Sets a condition; its transition time moves only with its status.
    mutating func set(_ type: String, _ isTrue: Bool, _ reason: String, _ message: String, now: Int64) {
        let value = isTrue ? "True" : "False"
        var condition = status.conditions.first { $0.type == type } ?? HorizontalPodAutoscalerCondition { $0.type = type }
        if condition.status != value { condition.lastTransitionTime = Time(seconds: now) }
        condition.status = value
        condition.reason = reason
        condition.message = message
        if let index = status.conditions.firstIndex(where: { $0.type == type }) {
            status.conditions[index] = condition
        } else {
            status.conditions.append(condition)
        }
    }
}
