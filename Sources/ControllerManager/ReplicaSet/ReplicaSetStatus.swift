import AppsV1
import CoreV1
import KubernetesAPI

extension ReplicaSetStatus {
    /// The status that the pods give, with the old conditions carried on.
    init(of set: ReplicaSet, active: [Pod], terminating: Int, failure: (any Error)?, now: Int64) {
        self = set.status
        let templateLabels = set.spec.template.metadata.labels
        let minReadySeconds = set.spec.minReadySeconds ?? 0
        replicas = Int32(active.count)
        fullyLabeledReplicas = count(active) { pod in templateLabels.allSatisfy { pod.metadata.labels[$0.key] == $0.value } }
        readyReplicas = count(active, where: \.isReady)
        availableReplicas = count(active) { $0.isAvailable(minReadySeconds: minReadySeconds, now: now) }
        terminatingReplicas = terminating == 0 ? nil : Int32(terminating)
        observedGeneration = set.metadata.generation
        let known = conditions.first { $0.type == "ReplicaFailure" }
        if let failure {
            guard known == nil else { return }
            var condition = ReplicaSetCondition()
            condition.type = "ReplicaFailure"
            condition.status = "True"
            condition.reason = active.count < Int(set.spec.replicas ?? 1) ? "FailedCreate" : "FailedDelete"
            condition.message = "\(failure)"
            condition.lastTransitionTime = Time(seconds: now)
            conditions.append(condition)
        } else if known != nil {
            conditions.removeAll { $0.type == "ReplicaFailure" }
        }
    }
}

/// How many satisfy the condition; nil for none, as an omitted field reads.
private func count(_ pods: [Pod], where condition: (Pod) -> Bool) -> Int32? {
    let count = pods.count(where: condition)
    return count == 0 ? nil : Int32(count)
}
