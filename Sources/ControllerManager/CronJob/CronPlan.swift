import BatchV1
import KubernetesAPI

/// Which of a cron job's times has come and has no job yet, and when to look again: decisions only.
struct CronPlan {
    /// Times missed in a row from which on people are told.
    static let missedMax: Int64 = 100

    private enum Missed { case none, few, many }

    private struct Recent {
        /// Times before this one are of no concern.
        var earliest: Int64
        /// The newest time that has come since; nil when none has.
        var time: Int64?
        var missed: Missed
    }

    let cron: CronJob
    let schedule: CronSchedule
    let zone: TimeZoneTable
    let now: Int64

    /// The newest time that has come since the last one, in seconds since 1970; nil when none has.
    private(set) var due: Int64?
    private(set) var hasMissedMany = false

    /// - Throws: when the schedule's times are too close to be told apart, or never come.
    init(_ cron: CronJob, _ schedule: CronSchedule, _ zone: TimeZoneTable, now: Int64) throws(CronPlanError) {
        self.cron = cron
        self.schedule = schedule
        self.zone = zone
        self.now = now
        let recent = try recent(withDeadline: true)
        guard let time = recent.time, time <= now else { return }
        due = time
        hasMissedMany = recent.missed == .many
    }

    /// Too late to start by the cron job's own deadline.
    var isTooLate: Bool {
        guard let due, let deadline = cron.spec.startingDeadlineSeconds else { return false }
        return due + deadline < now
    }

    /// Seconds until the next time.
    var pause: Int64 {
        var base = now
        if let recent = try? recent(withDeadline: false) { base = recent.time ?? (recent.missed == .none ? recent.earliest : now) }
        return max(0, (schedule.next(after: base, in: zone) ?? now + 86_400) - now)
    }

    private func recent(withDeadline: Bool) throws(CronPlanError) -> Recent {
        var earliest = cron.status.lastScheduleTime?.seconds ?? cron.metadata.creationTimestamp?.seconds ?? now
        if withDeadline, let deadline = cron.spec.startingDeadlineSeconds { earliest = max(earliest, now - deadline) }
        guard let first = schedule.next(after: earliest, in: zone), let second = schedule.next(after: first, in: zone) else {
            // Nothing within years: the like of the 31st of February.
            throw CronPlanError(description: "time difference between two schedules is less than 1 second")
        }
        if now < first { return Recent(earliest: earliest, time: nil, missed: .none) }
        if now < second { return Recent(earliest: earliest, time: first, missed: .none) }
        // The pace of the first two says roughly how many there were: no need to count a year of minutes.
        let pace = max(1, second - first)
        let count = (now - first) / pace + 1
        var newest: Int64?
        var time = schedule.next(after: first + (count - 2) * pace, in: zone)
        while let candidate = time, candidate <= now {
            newest = candidate
            time = schedule.next(after: candidate, in: zone)
        }
        return Recent(earliest: earliest, time: newest, missed: count > Self.missedMax ? .many : .few)
    }

    /// The name of the job of a time: the same time never gets two jobs.
    static func jobName(_ cron: CronJob, _ time: Int64) -> String { "\(cron.metadata.name ?? "")-\(time / 60)" }

    /// The job of a time.
    func job(for time: Int64) -> Job {
        var job = Job()
        let template = cron.spec.jobTemplate ?? JobTemplateSpec()
        job.metadata.name = Self.jobName(cron, time)
        job.metadata.namespace = cron.metadata.namespace
        job.metadata.labels = template.metadata.labels
        job.metadata.annotations = template.metadata.annotations
        job.metadata.annotations["batch.kubernetes.io/cronjob-scheduled-timestamp"] = timestamp(time)
        job.metadata.ownerReferences = [OwnerReference(controller: cron)]
        job.spec = template.spec
        return job
    }

    /// As the clock on the cron job's wall shows it, with its distance from UTC.
    private func timestamp(_ time: Int64) -> String {
        let offset = zone.offset(at: time)
        let text = Time(seconds: time + offset).description
        guard offset != 0 else { return text }
        let minutes = abs(offset) / 60
        func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return text.dropLast() + (offset < 0 ? "-" : "+") + two(minutes / 60) + ":" + two(minutes % 60)
    }
}

struct CronPlanError: Error, CustomStringConvertible {
    var description: String
}
