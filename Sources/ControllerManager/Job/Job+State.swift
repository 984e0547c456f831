import BatchV1
import CoreV1
import JSON
import KubernetesAPI

extension Job {
    static let trackingFinalizer = "batch.kubernetes.io/job-tracking"
    static let indexAnnotation = "batch.kubernetes.io/job-completion-index"
    static let indexFailuresAnnotation = "batch.kubernetes.io/job-index-failure-count"
    static let indexIgnoredFailuresAnnotation = "batch.kubernetes.io/job-index-ignored-failure-count"
    static let controllerName = "kubernetes.io/job-controller"

    func condition(_ type: String) -> JobCondition? { status.conditions.first { $0.type == type } }
    func has(_ type: String) -> Bool { condition(type)?.status == "True" }

    var isFinished: Bool { has("Complete") || has("Failed") }
    var isIndexed: Bool { spec.completionMode == "Indexed" }
    var isSuspended: Bool { spec.suspend == true }
    var limitsFailuresPerIndex: Bool { isIndexed && spec.backoffLimitPerIndex != nil }
    /// Pods are replaced when they have failed, and not when they are about to end.
    var replacesOnlyFailed: Bool { spec.podReplacementPolicy == "Failed" }
    /// Somebody else takes care of this job.
    var isManagedElsewhere: Bool { spec.managedBy.map { $0 != Self.controllerName } ?? false }

    /// Whether the pod counts as failed for the job.
    func hasFailed(_ pod: Pod) -> Bool {
        if pod.status.phase == "Failed" { return true }
        if replacesOnlyFailed { return false }
        // A pod whose node is gone never gets to be Failed.
        return pod.metadata.deletionTimestamp != nil && pod.status.phase != "Succeeded"
    }

    /// The pod's index, if it has one that the job still wants.
    func index(of pod: Pod) -> Int? {
        guard let index = pod.completionIndex, index < Int(spec.completions ?? 0) else { return nil }
        return index
    }
}

extension Pod {
    var isTrackedByJob: Bool { metadata.finalizers.contains(Job.trackingFinalizer) }
    var completionIndex: Int? { metadata.annotations[Job.indexAnnotation].flatMap { Int($0) }.flatMap { $0 < 0 ? nil : $0 } }
    /// Failures of the pod's index before this pod.
    var indexFailures: Int { metadata.annotations[Job.indexFailuresAnnotation].flatMap { Int($0) } ?? 0 }
    var ignoredIndexFailures: Int { metadata.annotations[Job.indexIgnoredFailuresAnnotation].flatMap { Int($0) } ?? 0 }
    var allIndexFailures: Int { indexFailures &+ ignoredIndexFailures }
}

extension JobCondition {
    init(_ type: String, _ status: String = "True", reason: String, message: String, now: Int64) {
        self.init()
        self.type = type
        self.status = status
        self.reason = reason
        self.message = message
        lastProbeTime = Time(seconds: now)
        lastTransitionTime = Time(seconds: now)
    }

    /// The same verdict under another name.
    func renamed(_ type: String, now: Int64) -> JobCondition {
        JobCondition(type, reason: reason ?? "", message: message ?? "", now: now)
    }
}

extension JobStatus {
    /// Puts the condition in. What was not there is not added to say that it is false.
    /// - Returns: whether that changed anything.
    mutating func ensure(_ condition: JobCondition) -> Bool {
        guard let index = conditions.firstIndex(where: { $0.type == condition.type }) else {
            if condition.status == "False" { return false }
            conditions.append(condition)
            return true
        }
        let known = conditions[index]
        if known.status == condition.status, known.reason == condition.reason, known.message == condition.message { return false }
        conditions[index] = condition
        return true
    }

    /// Counts the pods that are noted as ended and have lost their finalizer, and takes them off the notes.
    mutating func countReleased(tracked: Set<String>) {
        guard var uncounted = uncountedTerminatedPods else { return }
        let succeededLeft = uncounted.succeeded.filter(tracked.contains)
        let failedLeft = uncounted.failed.filter(tracked.contains)
        let newlySucceeded = uncounted.succeeded.count - succeededLeft.count
        let newlyFailed = uncounted.failed.count - failedLeft.count
        if newlySucceeded > 0 { succeeded = Int32(clamping: Int(succeeded ?? 0) + newlySucceeded) }
        if newlyFailed > 0 { failed = Int32(clamping: Int(failed ?? 0) + newlyFailed) }
        uncounted.succeeded = succeededLeft
        uncounted.failed = failedLeft
        uncountedTerminatedPods = uncounted
    }
}
