import BatchV1
import CoreV1
import KubernetesAPI

/// A job as one round of its controller sees it: what the pods add up to, and the verdict that follows. No doing.
struct JobRound {
    /// As the informer shows it.
    let original: Job
    var job: Job
    let pods: [Pod]
    /// Uids of pods whose finalizer is gone although the informer still shows it.
    let released: Set<String>
    let now: Int64

    /// Pods that run or are about to, less those deleted in this round.
    var active: [Pod]
    /// Pods made in this round.
    var creating = 0
    var terminating: Int
    /// Pods that have succeeded, counted or about to be counted.
    private(set) var succeeded: Int
    private(set) var failed: Int
    private(set) var backoff: JobBackoff
    /// The indexes that the status has counted, and those with what the pods add.
    private(set) var countedIndexes = CompletionIndexes()
    private(set) var succeededIndexes = CompletionIndexes()
    /// Nil where failures are not counted by index.
    private(set) var failedIndexes: CompletionIndexes?
    /// Failed pods that keep their finalizer until another pod has taken over their index's count.
    private(set) var successors: [Int: Pod] = [:]
    /// Why the job is over; nil while it goes on.
    var finished: JobCondition?

    /// The uids that the status notes as ended.
    let uncountedSucceeded: Set<String>
    let uncountedFailed: Set<String>

    init(_ job: Job, _ pods: [Pod], released: Set<String>, backoff: JobBackoff, now: Int64) {
        original = job
        self.job = job
        self.pods = pods
        self.released = released
        self.now = now
        let uncounted = job.status.uncountedTerminatedPods ?? UncountedTerminatedPods()
        self.job.status.uncountedTerminatedPods = uncounted
        uncountedSucceeded = Set(uncounted.succeeded)
        uncountedFailed = Set(uncounted.failed)
        active = pods.filter(\.isActive)
        terminating = pods.count { $0.metadata.deletionTimestamp != nil && !$0.hasEnded }
        (succeeded, failed) = (0, 0)
        self.backoff = backoff

        let newlySucceeded = uncountedPods(without: uncountedSucceeded).filter { $0.status.phase == "Succeeded" }
        let newlyFailed = uncountedPods(without: uncountedFailed).filter { job.hasFailed($0) }
        succeeded = Int(job.status.succeeded ?? 0) + newlySucceeded.count + uncountedSucceeded.count
        failed =
            Int(job.status.failed ?? 0) + uncountedFailed.count
            + newlyFailed.count { FailureVerdict(job.spec.podFailurePolicy, $0).counts }
        self.backoff = backoff.after(succeeded: newlySucceeded, failed: newlyFailed)
        if job.status.startTime == nil, !job.isSuspended { self.job.status.startTime = Time(seconds: now) }
        judge()
    }

    var completions: Int { Int(job.spec.completions ?? 0) }

    func isTracked(_ pod: Pod) -> Bool { pod.isTrackedByJob && !released.contains(pod.metadata.uid ?? "") }

    /// Pods whose end is not in the status yet; of an indexed job those with a valid index.
    private func uncountedPods(without known: Set<String>) -> [Pod] {
        pods.filter { isTracked($0) && !known.contains($0.metadata.uid ?? "") && (!job.isIndexed || job.index(of: $0) != nil) }
    }

    private mutating func judge() {
        if let met = job.condition("SuccessCriteriaMet"), met.status == "True" { finished = met }
        if finished == nil {
            if let target = job.condition("FailureTarget"), target.status == "True" {
                finished = target.renamed("Failed", now: now)
            } else if let message = policyFailure {
                finished = failure("PodFailurePolicy", message)
            }
        }
        if finished == nil {
            if failed > Int(job.spec.backoffLimit ?? 6) || restartsAreTooMany {
                finished = failure("BackoffLimitExceeded", "Job has reached the specified backoff limit")
            } else if isPastDeadline {
                finished = failure("DeadlineExceeded", "Job was active longer than specified deadline")
            }
        }
        if job.isIndexed { judgeIndexes() }
    }

    private func failure(_ reason: String, _ message: String) -> JobCondition {
        JobCondition("FailureTarget", reason: reason, message: message, now: now)
    }

    private var policyFailure: String? {
        guard let policy = job.spec.podFailurePolicy else { return nil }
        return pods.lazy.filter { job.hasFailed($0) }.compactMap { FailureVerdict(policy, $0).failsJob }.first
    }

    /// Of pods that restart their containers the restarts count, not the pods.
    private var restartsAreTooMany: Bool {
        guard job.spec.template.spec.restartPolicy == "OnFailure" else { return false }
        var restarts: Int64 = 0
        for pod in pods where pod.status.phase == "Running" || pod.status.phase == "Pending" {
            for status in pod.status.initContainerStatuses + pod.status.containerStatuses { restarts += Int64(status.restartCount) }
        }
        let limit = Int64(job.spec.backoffLimit ?? 6)
        return limit == 0 ? restarts > 0 : restarts >= limit
    }

    private var isPastDeadline: Bool {
        guard let deadline = job.spec.activeDeadlineSeconds, let start = job.status.startTime else { return false }
        // Neither while it is suspended, nor before the resumption is noted with its own start.
        if job.isSuspended || job.has("Suspended") { return false }
        return now - start.seconds >= deadline
    }

    private mutating func judgeIndexes() {
        countedIndexes = CompletionIndexes(job.status.completedIndexes ?? "", below: completions)
        let newly = pods.filter { $0.status.phase == "Succeeded" && isTracked($0) }.compactMap { job.index(of: $0) }
        succeededIndexes = countedIndexes.union(newly)
        succeeded = succeededIndexes.count
        if job.limitsFailuresPerIndex { judgeFailedIndexes() }
        if finished == nil, let message = job.spec.successPolicy?.match(succeededIndexes, completions: completions) {
            finished = JobCondition("SuccessCriteriaMet", reason: "SuccessPolicy", message: message, now: now)
        }
    }

    private mutating func judgeFailedIndexes() {
        let known = CompletionIndexes(job.status.failedIndexes ?? "", below: completions)
        let newly = pods.filter { !known.contains(job.index(of: $0) ?? -1) && failsItsIndex($0) }.compactMap { job.index(of: $0) }
        let all = known.union(newly)
        failedIndexes = all
        if finished == nil {
            if let most = job.spec.maxFailedIndexes, all.count > Int(most) {
                finished = failure("MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number of failed indexes")
            } else if all.count > 0, all.count + succeededIndexes.count >= completions {
                finished = failure("FailedIndexes", "Job has failed indexes")
            }
        }
        let busy = Set(active.compactMap(\.completionIndex))
        for pod in uncountedPods(without: []) where job.hasFailed(pod) {
            guard let index = job.index(of: pod), !busy.contains(index), !succeededIndexes.contains(index), !all.contains(index) else { continue }
            if let other = successors[index], (other.allIndexFailures, other.finishTime) > (pod.allIndexFailures, pod.finishTime) { continue }
            successors[index] = pod
        }
    }

    private func failsItsIndex(_ pod: Pod) -> Bool {
        guard job.hasFailed(pod) else { return false }
        let verdict = FailureVerdict(job.spec.podFailurePolicy, pod)
        if verdict.action == "FailIndex" { return true }
        return verdict.counts && pod.indexFailures >= Int(job.spec.backoffLimitPerIndex ?? 0)
    }

    /// Whether the pod has no more to do for the job, so that it can be counted and let go.
    func mayRelease(_ pod: Pod) -> Bool {
        if job.metadata.deletionTimestamp != nil || finished != nil || pod.status.phase == "Succeeded" { return true }
        guard job.hasFailed(pod) else { return false }
        if let index = job.index(of: pod), successors[index]?.metadata.uid == pod.metadata.uid { return false }
        return true
    }
}
