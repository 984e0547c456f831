import BatchV1
import CoreV1
import JSON
import KubernetesAPI
import KubernetesClient

extension JobController {
    /// Notes ended pods in the status, takes their finalizers away, and counts them; declares the job finished when all are counted.
    ///
    /// - Parameter noted: called when the ended pods stand in the status.
    func track(_ round: JobRound, _ key: NamespacedName, noted: @Sendable () -> Void) async throws {
        var job = round.job
        var tracked = Set(round.pods.filter { round.isTracked($0) }.compactMap(\.metadata.uid))
        job.status.countReleased(tracked: tracked)
        job.status.active = count(round.active.count + round.creating)
        job.status.ready = Int32(clamping: round.active.count { $0.isReady })
        job.status.terminating = Int32(clamping: round.terminating)

        let (released, isAll) = note(&job, round)
        var verdict = round.finished
        switch verdict?.type {
        case "FailureTarget":
            // The verdict is written before the pods that it stands on can go.
            if let verdict { _ = job.status.ensure(verdict) }
            verdict = verdict?.renamed("Failed", now: round.now)
        case "SuccessCriteriaMet":
            if let verdict, job.condition("SuccessCriteriaMet") == nil { _ = job.status.ensure(verdict) }
            verdict = verdict?.renamed("Complete", now: round.now)
        default: break
        }
        job = try await write(job, unlessLike: round.original)
        noted()

        let failure = await release(released, key, &tracked)
        let stored = job
        job.status.countReleased(tracked: tracked)
        if let failure {
            _ = try await write(job, unlessLike: stored)
            throw failure
        }
        let isFinished = isAll && round.terminating == 0 && finish(&job, verdict)
        job = try await write(job, unlessLike: stored)
        if isFinished, let verdict { tellFinished(job, verdict) }
    }

    private func count(_ value: Int) -> Int32? { value == 0 ? nil : Int32(clamping: value) }

    /// Notes in the status which pods have ended, as many as it may hold.
    /// - Returns: the pods to let go, and whether that is all of them.
    private func note(_ job: inout Job, _ round: JobRound) -> (released: [Pod], isAll: Bool) {
        var uncounted = job.status.uncountedTerminatedPods ?? UncountedTerminatedPods()
        var released: [Pod] = []
        var newIndexes: [Int] = []
        var isAll = true
        let isOver = round.finished != nil && round.finished?.type != "SuccessCriteriaMet"
        for pod in round.pods.sorted(by: { ($0.completionIndex ?? .max) < ($1.completionIndex ?? .max) }) where round.isTracked(pod) {
            guard round.mayRelease(pod) else { continue }
            released.append(pod)
            let uid = pod.metadata.uid ?? ""
            if pod.status.phase == "Succeeded", !round.uncountedFailed.contains(uid) {
                if job.isIndexed {
                    // The index says that it is counted.
                    if let index = job.index(of: pod), !round.countedIndexes.contains(index) { newIndexes.append(index) }
                } else if !round.uncountedSucceeded.contains(uid) {
                    uncounted.succeeded.append(uid)
                }
            } else if job.hasFailed(pod) || isOver, !round.uncountedFailed.contains(uid), !job.isIndexed || job.index(of: pod) != nil {
                if FailureVerdict(job.spec.podFailurePolicy, pod).counts { uncounted.failed.append(uid) }
            }
            if newIndexes.count + uncounted.succeeded.count + uncounted.failed.count >= Self.uncountedMax {
                isAll = false
                break
            }
        }
        job.status.uncountedTerminatedPods = uncounted
        if job.isIndexed {
            let succeeded = round.countedIndexes.union(newIndexes)
            job.status.succeeded = count(succeeded.count)
            job.status.completedIndexes = succeeded.isEmpty ? nil : succeeded.description
            job.status.failedIndexes = round.failedIndexes?.description
        }
        return (released, isAll)
    }

    /// Takes the finalizers away, and the uids of the pods that lost theirs out of `tracked`.
    private func release(_ pods: [Pod], _ key: NamespacedName, _ tracked: inout Set<String>) async -> (any Error)? {
        guard !pods.isEmpty else { return nil }
        releases.expectMore(key, deletions: Set(pods.compactMap(\.metadata.uid)))
        return await withTaskGroup(of: (String, (any Error)?).self) { group in
            for pod in pods {
                group.addTask { [self] in
                    let uid = pod.metadata.uid ?? ""
                    do {
                        try await removeFinalizer(from: pod)
                        return (uid, nil)
                    } catch {
                        releases.sawDeletion(key, uid: uid)
                        return (uid, error)
                    }
                }
            }
            var failure: (any Error)?
            for await (uid, error) in group {
                if let error { failure = failure ?? error } else { tracked.remove(uid) }
            }
            return failure
        }
    }

    /// Adds the last condition when nothing is left to count.
    private func finish(_ job: inout Job, _ verdict: JobCondition?) -> Bool {
        guard let verdict else { return false }
        if let uncounted = job.status.uncountedTerminatedPods, !uncounted.succeeded.isEmpty || !uncounted.failed.isEmpty { return false }
        _ = job.status.ensure(verdict)
        if verdict.type == "Complete" { job.status.completionTime = verdict.lastTransitionTime }
        return true
    }

    private func tellFinished(_ job: Job, _ verdict: JobCondition) {
        guard verdict.type == "Complete" else {
            return events.event(job, type: "Warning", reason: verdict.reason ?? "", message: verdict.message ?? "")
        }
        if let completions = job.spec.completions, job.status.succeeded ?? 0 > completions {
            events.event(
                job, type: "Warning", reason: "TooManySucceededPods",
                message: "Too many succeeded pods running after completion count reached")
        }
        events.event(job, type: "Normal", reason: "Completed", message: "Job completed")
    }

    /// Writes the status if it differs from the stored one, and returns the job as it is stored then.
    private func write(_ job: Job, unlessLike stored: Job) async throws -> Job {
        if stored.status.jsonBytes() == job.status.jsonBytes() { return job }
        let answer = try await context.client.update(job, subresource: "status")
        written.wrote(answer.metadata)
        return answer
    }
}
