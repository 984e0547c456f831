import CoreV1
import KubernetesAPI
import KubernetesClient
import Synchronization

/// How long a job waits before it replaces failed pods: 10 seconds after the first failure, twice as long after each further one.
struct JobBackoff: Equatable, Sendable {
    static let base: Int64 = 10
    static let limit: Int64 = 600

    /// Since the last success.
    var failures = 0
    /// In seconds since 1970.
    var lastFailure: Int64?

    /// The state after these pods have ended, each list in any order.
    func after(succeeded: [Pod], failed: [Pod]) -> JobBackoff {
        var next = self
        let failures = failed.map(\.finishTime).sorted()
        if let lastSuccess = succeeded.map(\.finishTime).max() {
            next = JobBackoff()
            let later = failures.filter { $0 > lastSuccess }
            next.failures = later.count
            next.lastFailure = later.last
        } else if let last = failures.last {
            next.failures += failures.count
            next.lastFailure = last
        }
        return next
    }

    /// Seconds until the next pod may come.
    func remaining(at now: Int64) -> Int64 {
        lastFailure.map { Self.remaining(failures: failures, lastFailure: $0, now: now) } ?? 0
    }

    static func remaining(failures: Int, lastFailure: Int64, now: Int64) -> Int64 {
        guard failures > 0 else { return 0 }
        // Seven doublings are past the limit.
        let pause = min(base << Int64(min(failures - 1, 7)), limit)
        return max(0, lastFailure + pause - now)
    }
}

extension Pod {
    /// When the pod ended, as well as it can be told, in seconds since 1970.
    var finishTime: Int64 {
        let ends = status.containerStatuses.map { $0.state?.terminated?.finishedAt?.seconds }
        if !ends.isEmpty, ends.allSatisfy({ $0 != nil }), let last = ends.compactMap(\.self).max() { return last }
        if let ready = readyCondition, ready.status == "False", let since = ready.lastTransitionTime { return since.seconds }
        if let deletion = metadata.deletionTimestamp { return deletion.seconds - (metadata.deletionGracePeriodSeconds ?? 0) }
        return metadata.creationTimestamp?.seconds ?? 0
    }
}
