import BatchV1
import CoreV1
import KubernetesAPI
import KubernetesClient

extension JobController {
    /// Deletes the pods of a job that is over. They keep their finalizers until they are counted.
    func deleteKeepingFinalizers(_ round: inout JobRound) async -> (any Error)? {
        let (gone, failure) = await delete(round.active, of: round.job, releasing: false, key: nil)
        round.remove(gone)
        return failure
    }

    /// Brings the number of pods to what the job asks for now: deletes or creates, not both in one round.
    func manage(_ round: inout JobRound, _ key: NamespacedName) async -> (any Error)? {
        let job = round.job
        var wanted = 0
        if !job.isSuspended {
            let parallelism = Int(job.spec.parallelism ?? 1)
            if let completions = job.spec.completions {
                wanted = min(parallelism, max(0, Int(completions) - round.succeeded))
            } else {
                // The first success says that the work is done: the others end by themselves.
                wanted = round.succeeded > 0 ? round.active.count : parallelism
            }
        }
        let superfluous = Array(round.superfluous(atLeast: max(0, round.active.count - wanted)).prefix(Self.burst))
        if !superfluous.isEmpty {
            expectations.expect(key, deletions: Set(superfluous.compactMap(\.metadata.uid)))
            let (gone, failure) = await delete(superfluous, of: job, releasing: true, key: key)
            round.remove(gone)
            return failure
        }
        let missing = wanted - round.active.count - (job.replacesOnlyFailed ? round.terminating : 0)
        guard missing > 0, !job.isSuspended else { return nil }
        return await create(min(missing, Self.burst), &round, key)
    }

    private func create(_ count: Int, _ round: inout JobRound, _ key: NamespacedName) async -> (any Error)? {
        let job = round.job
        var indexes: [Int?] = Array(repeating: nil, count: count)
        if job.limitsFailuresPerIndex {
            var wait = Int64.max
            indexes = round.pendingIndexes(count).filter { index in
                guard let before = round.successors[index] else { return true }
                let left = JobBackoff.remaining(failures: before.allIndexFailures + 1, lastFailure: before.finishTime, now: round.now)
                if left > 0 { wait = min(wait, left) }
                return left == 0
            }
            if indexes.isEmpty {
                if wait != Int64.max { queue.add(key, after: .seconds(wait)) }
                return nil
            }
        } else {
            let wait = round.backoff.remaining(at: round.now)
            if wait > 0 {
                queue.add(key, after: .seconds(wait))
                return nil
            }
            if job.isIndexed { indexes = round.pendingIndexes(count) }
        }
        expectations.expect(key, creations: indexes.count)
        let successors = round.successors
        let (done, failure) = await inGrowingBatches(over: indexes) { [control] index in
            try await control.create(job.pod(index: index, after: index.flatMap { successors[$0] }), for: job)
        }
        for _ in done..<indexes.count { expectations.sawCreation(key) }
        round.creating = done
        if let refusal = failure as? APIStatusError, refusal.isNamespaceTerminating { return nil }
        return failure
    }

    /// - Parameter releasing: remove the finalizer first: these pods are not counted.
    /// - Returns: those that are deleted, and the first failure.
    private func delete(_ pods: [Pod], of job: Job, releasing: Bool, key: NamespacedName?) async -> ([Pod], (any Error)?) {
        await withTaskGroup(of: (Pod, (any Error)?).self) { group in
            for pod in pods {
                group.addTask { [self] in
                    do {
                        if releasing, pod.isTrackedByJob { try await removeFinalizer(from: pod) }
                        try await control.delete(pod, for: job)
                        return (pod, nil)
                    } catch {
                        if let key { expectations.sawDeletion(key, uid: pod.metadata.uid ?? "") }
                        return (pod, (error as? APIStatusError)?.isNotFound == true ? nil : error)
                    }
                }
            }
            var gone: [Pod] = []
            var failure: (any Error)?
            for await (pod, error) in group {
                if let error { failure = failure ?? error } else { gone.append(pod) }
            }
            return (gone, failure)
        }
    }
}

extension JobRound {
    /// These pods are on their way out.
    mutating func remove(_ gone: [Pod]) {
        let uids = Set(gone.compactMap(\.metadata.uid))
        active.removeAll { uids.contains($0.metadata.uid ?? "") }
        terminating += gone.count
    }

    /// Active pods that are to go: all with an index that is taken or not wanted, and as many more as are too many.
    func superfluous(atLeast count: Int) -> [Pod] {
        var left = active
        var gone: [Pod] = []
        if job.isIndexed {
            left = []
            var byIndex: [Int: [Pod]] = [:]
            for pod in active {
                if let index = job.index(of: pod) { byIndex[index, default: []].append(pod) } else { gone.append(pod) }
            }
            for pods in byIndex.values {
                let ordered = DeletionOrder(pods: pods, related: []).first(pods.count)
                gone += ordered.dropLast()
                left += ordered.suffix(1)
            }
        }
        if gone.count < count { gone += DeletionOrder(pods: left, related: []).first(count - gone.count) }
        return gone
    }

    /// The first indexes that have neither succeeded nor failed nor a pod.
    func pendingIndexes(_ count: Int) -> [Int] {
        var taken = succeededIndexes.union(active.compactMap { job.index(of: $0) })
        if job.replacesOnlyFailed {
            taken = taken.union(pods.filter { $0.metadata.deletionTimestamp != nil && !$0.hasEnded }.compactMap { job.index(of: $0) })
        }
        if let failedIndexes { taken = taken.union(failedIndexes) }
        return taken.missing(count, below: completions)
    }
}

extension Job {
    /// A pod of this job, of an indexed one for an index.
    /// - Parameter predecessor: the failed pod of the same index whose count it takes over.
    func pod(index: Int?, after predecessor: Pod?) -> Pod {
        var template = spec.template
        if !template.metadata.finalizers.contains(Self.trackingFinalizer) { template.metadata.finalizers.append(Self.trackingFinalizer) }
        guard let index else { return Pod(template: template, owner: self) }
        template.metadata.annotations[Self.indexAnnotation] = "\(index)"
        template.metadata.labels[Self.indexAnnotation] = "\(index)"
        let name = metadata.name ?? ""
        template.spec.hostname = "\(name)-\(index)"
        for position in template.spec.initContainers.indices { template.spec.initContainers[position].addIndexVariable() }
        for position in template.spec.containers.indices { template.spec.containers[position].addIndexVariable() }
        if limitsFailuresPerIndex {
            var (counted, ignored) = (0, 0)
            if let predecessor {
                (counted, ignored) = (predecessor.indexFailures, predecessor.ignoredIndexFailures)
                if FailureVerdict(spec.podFailurePolicy, predecessor).counts { counted += 1 } else { ignored += 1 }
            }
            template.metadata.annotations[Self.indexFailuresAnnotation] = "\(counted)"
            if ignored > 0 { template.metadata.annotations[Self.indexIgnoredFailuresAnnotation] = "\(ignored)" }
        }
        var pod = Pod(template: template, owner: self)
        let suffix = "-\(index)-"
        // Leaves room for the five letters that the server adds.
        pod.metadata.generateName = name.prefix(58 - suffix.count) + suffix
        return pod
    }
}

extension Container {
    fileprivate mutating func addIndexVariable() {
        guard !env.contains(where: { $0.name == "JOB_COMPLETION_INDEX" }) else { return }
        env.append(
            EnvVar { variable in
                variable.name = "JOB_COMPLETION_INDEX"
                variable.valueFrom = EnvVarSource { source in
                    source.fieldRef = ObjectFieldSelector { $0.fieldPath = "metadata.labels['\(Job.indexAnnotation)']" }
                }
            })
    }
}
