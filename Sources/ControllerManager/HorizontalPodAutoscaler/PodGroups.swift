import CoreV1
import KubernetesAPI

/// Pods by what their measured values are worth.
struct PodGroups {
    /// How many are measured and well.
    private(set) var ready = 0
    /// Not measured, for no known reason.
    private(set) var missing: Set<String> = []
    /// Starting or not ready: what they use now says nothing of what they will.
    private(set) var unready: Set<String> = []
    /// The values of those that are measured and well, by pod.
    private(set) var counted: [String: PodMetric]

    init(_ pods: [Pod], _ metrics: [String: PodMetric], isCPU: Bool, settings: AutoscalerSettings, now: Int64) {
        counted = metrics
        for pod in pods {
            let name = pod.metadata.name ?? ""
            if pod.metadata.deletionTimestamp != nil || pod.status.phase == "Failed" {
                counted[name] = nil
            } else if pod.status.phase == "Pending" {
                unready.insert(name)
                counted[name] = nil
            } else if let metric = metrics[name] {
                if isCPU, Self.isStarting(pod, metric, settings, now) {
                    unready.insert(name)
                    counted[name] = nil
                } else {
                    ready += 1
                }
            } else {
                missing.insert(name)
            }
        }
    }

    private static func isStarting(_ pod: Pod, _ metric: PodMetric, _ settings: AutoscalerSettings, _ now: Int64) -> Bool {
        guard let condition = pod.readyCondition, let started = pod.status.startTime?.seconds else { return true }
        let since = condition.lastTransitionTime?.seconds ?? 0
        if started + settings.cpuInitializationSeconds > now {
            // A whole window must have been measured since it became ready.
            return condition.status == "False" || metric.time < since + metric.windowSeconds
        }
        // Not ready now is of no account unless it has never been.
        return condition.status == "False" && started + settings.initialReadinessDelaySeconds > since
    }
}
