import BatchV1
import CoreV1
import JSON
import KubernetesAPI
import KubernetesClient
import Logging

/// Makes a Job each time a CronJob's time comes, and removes old ones.
struct CronJobController: Controller {
    static let name = "cronjob-controller"

    private let context: ControllerContext
    private let crons: Informer<CronJob>
    private let jobs: DependentWatch<CronJob, Job>
    private let events: EventRecorder
    private let queue: WorkQueue<NamespacedName>

    init(_ context: ControllerContext) {
        let context = context.named(Self.name)
        self.context = context
        crons = context.informers.informer(CronJob.self)
        events = context.recorder(Self.name)
        queue = WorkQueue(time: context.time)
        jobs = DependentWatch(owners: crons, dependents: context.informers.informer(Job.self), queue: queue, selector: { _ in nil })
        jobs.install()
    }

    func run() async throws {
        await runWorkers(queue: queue, count: 5, logger: context.logger) { [self] key in try await sync(key) }
    }

    private func sync(_ key: NamespacedName) async throws {
        guard let stored = crons.get(key) else { return }
        var cron = stored
        let owned = jobs.dependents.list(index: DependentWatch<CronJob, Job>.ownerIndex, key: cron.metadata.uid ?? "")
        await removeOld(owned, of: cron)
        var failure: (any Error)?
        do {
            try await notice(owned, &cron, key)
            try await start(&cron, key)
        } catch {
            failure = error
        }
        if cron.status.jsonBytes() != stored.status.jsonBytes() {
            do {
                _ = try await context.client.update(cron, subresource: "status")
            } catch let error as APIStatusError where error.isNotFound {}
        }
        if let failure { throw failure }
    }

    // MARK: What became of jobs

    /// Brings the list of active jobs and the time of the last success up to date.
    private func notice(_ owned: [Job], _ cron: inout CronJob, _ key: NamespacedName) async throws {
        for job in owned {
            let isActive = cron.status.active.contains { $0.uid == job.metadata.uid }
            let name = job.metadata.name ?? ""
            if !job.isFinished {
                guard !isActive else { continue }
                // The informer may lag behind our own status.
                let fresh = try await context.client.get(CronJob.self, key.name, namespace: key.namespace)
                if fresh.status.active.contains(where: { $0.uid == job.metadata.uid }) {
                    cron = fresh
                    continue
                }
                events.event(
                    cron, type: "Warning", reason: "UnexpectedJob", message: "Saw a job that the controller did not create or forgot: \(name)")
                continue
            }
            if isActive {
                cron.status.active.removeAll { $0.uid == job.metadata.uid }
                let condition = job.has("Complete") ? "Complete" : "Failed"
                events.event(
                    cron, type: "Normal", reason: "SawCompletedJob", message: "Saw completed job: \(name), condition: \(condition)")
            }
            if job.has("Complete"), let time = job.status.completionTime, cron.status.lastSuccessfulTime.map({ $0 < time }) ?? true {
                cron.status.lastSuccessfulTime = time
            }
        }
        let known = Set(owned.compactMap(\.metadata.uid))
        for reference in cron.status.active where !known.contains(reference.uid ?? "") {
            do {
                _ = try await context.client.get(Job.self, reference.name ?? "", namespace: reference.namespace)
            } catch let error as APIStatusError where error.isNotFound {
                events.event(cron, type: "Normal", reason: "MissingJob", message: "Active job went missing: \(reference.name ?? "")")
                cron.status.active.removeAll { $0.uid == reference.uid }
            }
        }
    }

    private func removeOld(_ owned: [Job], of cron: CronJob) async {
        var limits: [(String, Int32?)] = [("Complete", cron.spec.successfulJobsHistoryLimit), ("Failed", cron.spec.failedJobsHistoryLimit)]
        limits.removeAll { $0.1 == nil }
        for (verdict, limit) in limits {
            let finished = owned.filter { $0.has(verdict) && $0.metadata.deletionTimestamp == nil }.sorted { a, b in
                let times = (a.status.startTime?.seconds ?? .max, b.status.startTime?.seconds ?? .max)
                return times.0 == times.1 ? (a.metadata.name ?? "") < (b.metadata.name ?? "") : times.0 < times.1
            }
            for job in finished.prefix(max(0, finished.count - Int(limit ?? 0))) { _ = await delete(job, of: cron) }
        }
    }

    /// Deletes the job with its pods.
    private func delete(_ job: Job, of cron: CronJob) async -> Bool {
        let name = job.metadata.name ?? ""
        do {
            try await context.client.delete(
                Job.self, name, namespace: job.metadata.namespace, DeleteOptions { $0.propagationPolicy = "Background" })
        } catch {
            events.event(cron, type: "Warning", reason: "FailedDelete", message: "Deleted job: \(error)")
            return false
        }
        events.event(cron, type: "Normal", reason: "SuccessfulDelete", message: "Deleted job \(name)")
        return true
    }

    // MARK: The next job

    /// Starts the job whose time has come, and comes back when the next one's does.
    private func start(_ cron: inout CronJob, _ key: NamespacedName) async throws {
        guard cron.metadata.deletionTimestamp == nil else { return }
        var zone = TimeZoneTable.utc
        if let name = cron.spec.timeZone {
            guard let named = TimeZoneTable(named: name) else {
                events.event(
                    cron, type: "Warning", reason: "UnknownTimeZone", message: "invalid timeZone: \"\(name)\": unknown time zone \(name)")
                return
            }
            zone = named
        }
        guard cron.spec.suspend != true, let plan = plan(cron, zone) else { return }
        try await carryOut(plan, &cron)
        // A job that a failure held up is tried again by the queue; else the next time is what counts.
        var after = plan
        if let next = try? CronPlan(cron, plan.schedule, zone, now: context.now) { after = next }
        queue.add(key, after: .seconds(after.pause) + .milliseconds(100))
    }

    private func plan(_ cron: CronJob, _ zone: TimeZoneTable) -> CronPlan? {
        let text = cron.spec.schedule
        let schedule: CronSchedule
        do {
            schedule = try CronSchedule(text)
        } catch {
            events.event(
                cron, type: "Warning", reason: "UnparseableSchedule", message: "unparseable schedule: \"\(text)\" : \(error)")
            return nil
        }
        do {
            return try CronPlan(cron, schedule, zone, now: context.now)
        } catch {
            events.event(cron, type: "Warning", reason: "InvalidSchedule", message: "invalid schedule: \(text) : \(error)")
            return nil
        }
    }

    private func carryOut(_ plan: CronPlan, _ cron: inout CronJob) async throws {
        guard let time = plan.due else { return }
        if plan.hasMissedMany {
            events.event(
                cron, type: "Warning", reason: "TooManyMissedTimes",
                message: "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew")
        }
        if plan.isTooLate {
            events.event(
                cron, type: "Warning", reason: "MissSchedule", message: "Missed scheduled time to start a job: \(RFC1123.text(time))")
            return
        }
        let name = CronPlan.jobName(cron, time)
        if cron.status.active.contains(where: { $0.name == name }) || cron.status.lastScheduleTime?.seconds == time { return }
        switch cron.spec.concurrencyPolicy {
        case "Forbid" where !cron.status.active.isEmpty:
            events.event(
                cron, type: "Normal", reason: "JobAlreadyActive",
                message: "Not starting job because prior execution is running and concurrency policy is Forbid")
            return
        case "Replace":
            for reference in cron.status.active { try await replace(reference, &cron) }
        default: break
        }
        guard let job = try await create(plan.job(for: time), cron) else { return }
        cron.status.active.append(ObjectReference(to: job))
        cron.status.lastScheduleTime = Time(seconds: time)
    }

    private func replace(_ reference: ObjectReference, _ cron: inout CronJob) async throws {
        let job: Job
        do {
            job = try await context.client.get(Job.self, reference.name ?? "", namespace: reference.namespace)
        } catch {
            events.event(cron, type: "Warning", reason: "FailedGet", message: "Get job: \(error)")
            throw error
        }
        guard await delete(job, of: cron) else { throw CronPlanError(description: "could not replace job \(NamespacedName(job.metadata))") }
        cron.status.active.removeAll { $0.uid == reference.uid }
    }

    /// - Returns: the job, also one that was made before without being noted; nil when there is nothing to note.
    private func create(_ job: Job, _ cron: CronJob) async throws -> Job? {
        let name = job.metadata.name ?? ""
        do {
            let created = try await context.client.create(job)
            events.event(cron, type: "Normal", reason: "SuccessfulCreate", message: "Created job \(name)")
            return created
        } catch let error as APIStatusError where error.isNamespaceTerminating {
            return nil
        } catch let error as APIStatusError where error.isAlreadyExists {
            let existing = try await context.client.get(Job.self, name, namespace: job.metadata.namespace)
            let isNoted = cron.status.active.contains { $0.uid == existing.metadata.uid }
            return existing.metadata.isControlled(by: cron.metadata) && !isNoted && !existing.isFinished ? existing : nil
        } catch {
            events.event(cron, type: "Warning", reason: "FailedCreate", message: "Error creating job: \(error)")
            throw error
        }
    }
}

extension ObjectReference {
    init(to object: some KubernetesResource) {
        self.init()
        let resource = type(of: object).resource
        apiVersion = resource.apiVersion
        kind = resource.kind
        name = object.metadata.name
        namespace = object.metadata.namespace
        uid = object.metadata.uid
        resourceVersion = object.metadata.resourceVersion
    }
}

/// `Mon, 02 Jan 2006 15:04:05 +0000`
enum RFC1123 {
    static func text(_ seconds: Int64) -> String {
        let days = CivilTime.floorDivide(seconds, by: 86_400)
        let date = CivilTime.date(days: days)
        let weekday = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"][Int(CivilTime.weekday(days: days))]
        let month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][Int(date.month - 1)]
        let clock = Time(seconds: seconds).description.dropFirst(11).prefix(8)
        return "\(weekday), \(date.day < 10 ? "0" : "")\(date.day) \(month) \(date.year) \(clock) +0000"
    }
}
