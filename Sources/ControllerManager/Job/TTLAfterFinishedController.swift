import BatchV1
import KubernetesAPI
import KubernetesClient

/// Deletes finished jobs when their `ttlSecondsAfterFinished` has passed.
struct TTLAfterFinishedController: Controller {
    static let name = "ttl-after-finished-controller"

    private let context: ControllerContext
    private let jobs: Informer<Job>
    private let queue: WorkQueue<NamespacedName>

    init(_ context: ControllerContext) {
        self.context = context.named(Self.name)
        jobs = context.informers.informer(Job.self)
        queue = WorkQueue(time: context.time)
        let queue = queue
        @Sendable func look(_ job: Job) {
            if job.metadata.deletionTimestamp == nil, Self.expiry(of: job) != nil { queue.add(NamespacedName(job.metadata)) }
        }
        jobs.addHandler(added: look, updated: { _, new in look(new) })
    }

    func run() async throws {
        await runWorkers(queue: queue, count: 5, logger: context.logger) { [self] key in try await sync(key) }
    }

    private func sync(_ key: NamespacedName) async throws {
        guard let job = jobs.get(key), !isPutOff(job, key) else { return }
        // The time to live may have been made longer a moment ago.
        let fresh: Job
        do {
            fresh = try await context.client.get(Job.self, key.name, namespace: key.namespace)
        } catch let error as APIStatusError where error.isNotFound {
            return
        }
        guard !isPutOff(fresh, key) else { return }
        let options = DeleteOptions { options in
            options.propagationPolicy = "Foreground"
            options.preconditions = Preconditions { $0.uid = fresh.metadata.uid }
        }
        do {
            try await context.client.delete(Job.self, key.name, namespace: key.namespace, options)
        } catch let error as APIStatusError where error.isNotFound {}
    }

    /// Whether the job is to stay for now, or for good; comes back to it when its time is known.
    private func isPutOff(_ job: Job, _ key: NamespacedName) -> Bool {
        guard job.metadata.deletionTimestamp == nil, let expiry = Self.expiry(of: job) else { return true }
        guard expiry > context.now else { return false }
        queue.add(key, after: .seconds(expiry - context.now))
        return true
    }

    /// When a job is to go, in seconds since 1970; nil while it runs, or when it may stay.
    static func expiry(of job: Job) -> Int64? {
        guard let seconds = job.spec.ttlSecondsAfterFinished else { return nil }
        let verdict = job.status.conditions.first { ($0.type == "Complete" || $0.type == "Failed") && $0.status == "True" }
        return verdict?.lastTransitionTime.map { $0.seconds + Int64(seconds) }
    }
}
