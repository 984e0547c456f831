import BatchV1
import CoreV1
import JSON
import KubernetesAPI
import KubernetesClient
import Logging
import Synchronization

/// Runs the pods of each Job until enough of them have succeeded, or too many have failed.
///
/// Pods bear a finalizer until they are counted in the status: first they are noted there as ended, then they lose the finalizer, then they are
/// counted. So each pod counts once, however often the controller is interrupted.
struct JobController: Controller {
    static let name = "job-controller"
    /// Pods created or deleted in one step.
    static let burst = 500
    /// Pods noted in a status as ended and not yet counted.
    static let uncountedMax = 500

    let context: ControllerContext
    private let jobs: Informer<Job>
    private let pods: DependentWatch<Job, Pod>
    let events: EventRecorder
    let control: PodControl
    let expectations: Expectations
    /// Finalizers that were removed and that the informer still shows, by job.
    let releases: Expectations
    /// Of statuses: the indexes that they count look free again as soon as the pods are let go.
    let written = WrittenVersions()
    let queue: WorkQueue<NamespacedName>
    /// Pods with a finalizer and without a job that would remove it.
    private let orphans: WorkQueue<NamespacedName>
    private let backoffs = Backoffs()

    /// What is remembered of each job's failures; a controller that starts anew forgets it and waits less.
    final class Backoffs: Sendable {
        private let all = Mutex<[NamespacedName: JobBackoff]>([:])
        func get(_ key: NamespacedName) -> JobBackoff { all.withLock { $0[key] ?? JobBackoff() } }
        func set(_ key: NamespacedName, _ backoff: JobBackoff?) { all.withLock { $0[key] = backoff } }
    }

    init(_ context: ControllerContext) {
        let context = context.named(Self.name)
        self.context = context
        jobs = context.informers.informer(Job.self)
        events = context.recorder(Self.name)
        control = PodControl(client: context.client, events: events)
        expectations = Expectations(time: context.time)
        releases = Expectations(time: context.time)
        // A pod that fails for good must not be asked for a thousand times a second.
        queue = WorkQueue(limits: RequeueLimits(base: .seconds(1), limit: .seconds(60)), time: context.time)
        orphans = WorkQueue(limits: RequeueLimits(base: .seconds(1), limit: .seconds(60)), time: context.time)
        pods = DependentWatch(
            owners: jobs, dependents: context.informers.informer(Pod.self), queue: queue, expectations: expectations, selector: { $0.spec.selector })
        watch()
    }

    private func watch() {
        let (pods, releases, orphans) = (pods, releases, orphans)
        pods.install()
        @Sendable func look(_ pod: Pod) {
            guard let job = pods.owner(of: pod) else {
                if pod.isTrackedByJob { orphans.add(NamespacedName(pod.metadata)) }
                return
            }
            if !pod.isTrackedByJob {
                releases.sawDeletion(NamespacedName(job.metadata), uid: pod.metadata.uid ?? "")
            } else if job.isFinished {
                orphans.add(NamespacedName(pod.metadata))
            }
        }
        pods.dependents.addHandler(
            added: look, updated: { _, new in look(new) },
            deleted: { pod in
                guard let job = pods.owner(of: pod) else { return }
                releases.sawDeletion(NamespacedName(job.metadata), uid: pod.metadata.uid ?? "")
            })
        @Sendable func releaseAll(_ job: Job) {
            for pod in pods.dependents.list(index: DependentWatch<Job, Pod>.ownerIndex, key: job.metadata.uid ?? "") where pod.isTrackedByJob {
                orphans.add(NamespacedName(pod.metadata))
            }
        }
        jobs.addHandler(
            updated: { old, new in if !old.isFinished, new.isFinished { releaseAll(new) } },
            deleted: { job in
                releases.forget(NamespacedName(job.metadata))
                releaseAll(job)
            })
    }

    func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [self] in await runWorkers(queue: queue, count: 5, logger: context.logger) { key in try await sync(key) } }
            group.addTask { [self] in await runWorkers(queue: orphans, count: 1, logger: context.logger) { key in try await release(key) } }
        }
    }

    /// Removes the finalizer from a pod whose job is gone or done with it.
    private func release(_ key: NamespacedName) async throws {
        guard let pod = pods.dependents.get(key), pod.isTrackedByJob else { return }
        if let reference = pod.metadata.controllerReference {
            guard reference.kind == Job.resource.kind, reference.apiVersion == Job.resource.apiVersion else { return }
            if let job = pods.owner(of: pod), job.isManagedElsewhere || !job.isFinished { return }
        }
        try await removeFinalizer(from: pod)
    }

    func removeFinalizer(from pod: Pod) async throws {
        let patch: JSONValue = [
            "metadata": ["uid": .string(pod.metadata.uid ?? ""), "$deleteFromPrimitiveList/finalizers": [.string(Job.trackingFinalizer)]]
        ]
        do {
            _ = try await context.client.patch(Pod.self, pod.metadata.name ?? "", namespace: pod.metadata.namespace, .strategic(patch))
        } catch let error as APIStatusError where error.isNotFound {}
    }

    private func sync(_ key: NamespacedName) async throws {
        guard let job = jobs.get(key) else {
            expectations.forget(key)
            releases.forget(key)
            written.forget(key)
            backoffs.set(key, nil)
            return
        }
        // The informer queues it again when it shows the status that was written.
        guard !job.isManagedElsewhere, written.includes(job.metadata) else { return }
        guard !job.isFinished else { return backoffs.set(key, nil) }
        guard ["Indexed", "NonIndexed", nil].contains(job.spec.completionMode) else {
            events.event(
                job, type: "Warning", reason: "UnknownCompletionMode", message: "Skipped Job sync because completion mode is unknown")
            return
        }
        let areExpectationsMet = expectations.areMet(key)
        let selector = try Selector(job.spec.selector)
        var claims = Claims<Job, Pod>(owner: job, selector: selector, client: context.client)
        claims.finalizers = [Job.trackingFinalizer]
        let owned = try await claims.claim(pods.candidates(of: job, matching: selector))
        var round = JobRound(job, owned, released: releases.expectedDeletions(key), backoff: backoffs.get(key), now: context.now)
        if round.finished == nil, !job.isSuspended, let deadline = job.spec.activeDeadlineSeconds, let start = round.job.status.startTime {
            queue.add(key, after: .seconds(max(1, start.seconds + deadline - context.now)))
        }
        let failure = try await act(&round, key, areExpectationsMet)
        let nextBackoff = round.backoff
        try await track(round, key) { [backoffs] in backoffs.set(key, nextBackoff) }
        if let failure { throw failure }
    }

    /// Deletes what runs of a job that is over; creates and deletes what a job that goes on needs.
    private func act(_ round: inout JobRound, _ key: NamespacedName, _ areExpectationsMet: Bool) async throws -> (any Error)? {
        let job = round.job
        if round.finished != nil {
            let failure = await deleteKeepingFinalizers(&round)
            // What is not deleted, or not seen yet, would be left over by a job that is called finished.
            if failure != nil || !areExpectationsMet { round.finished = nil }
            return failure
        }
        var failure: (any Error)?
        let mayManage = areExpectationsMet && job.metadata.deletionTimestamp == nil
        if mayManage { failure = await manage(&round, key) }
        let isEnough = job.spec.completions.map { round.succeeded >= Int($0) } ?? (round.succeeded > 0)
        if isEnough, round.active.isEmpty, round.creating == 0 {
            round.finished = JobCondition(
                "SuccessCriteriaMet", reason: "CompletionsReached", message: "Reached expected number of succeeded pods", now: context.now)
        } else if mayManage {
            noteSuspension(&round)
        }
        return failure
    }

    private func noteSuspension(_ round: inout JobRound) {
        let now = context.now
        if round.job.isSuspended {
            guard round.job.status.ensure(JobCondition("Suspended", reason: "JobSuspended", message: "Job suspended", now: now)) else { return }
            events.event(round.job, type: "Normal", reason: "Suspended", message: "Job suspended")
        } else {
            let resumed = JobCondition("Suspended", "False", reason: "JobResumed", message: "Job resumed", now: now)
            guard round.job.status.ensure(resumed) else { return }
            events.event(round.job, type: "Normal", reason: "Resumed", message: "Job resumed")
            // The deadline counts the time since the job runs without a break.
            round.job.status.startTime = Time(seconds: now)
        }
    }
}
