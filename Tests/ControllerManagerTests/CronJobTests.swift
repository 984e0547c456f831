import BatchV1
import CoreV1
import KubernetesAPI
import KubernetesClient
import Testing

@testable import ControllerManager

private func seconds(_ text: String) -> Int64 { Time(text)?.seconds ?? -1 }

private func cronJob(_ schedule: String, created: String = "2025-06-15T00:00:30Z", _ change: (inout CronJob) -> Void = { _ in }) -> CronJob {
    var cron = CronJob { cron in
        cron.metadata.name = "tick"
        cron.metadata.namespace = "default"
        cron.metadata.creationTimestamp = Time(created)
        cron.spec.schedule = schedule
        cron.spec.jobTemplate = JobTemplateSpec { job in job.spec.template = template(["app": "tick"], restartPolicy: "Never") }
    }
    change(&cron)
    return cron
}

@Suite struct CronPlanTests {
    @Test(
        arguments: [
            // schedule, last run, deadline, now; what is due, whether that is too late, whether many were missed
            ("* * * * *", nil, nil, "2025-06-15T00:00:45Z", nil, false, false),
            ("* * * * *", nil, nil, "2025-06-15T00:01:00Z", "2025-06-15T00:01:00Z", false, false),
            ("*/5 * * * *", "2025-06-15T00:05:00Z", nil, "2025-06-15T00:09:59Z", nil, false, false),
            ("*/5 * * * *", "2025-06-15T00:05:00Z", nil, "2025-06-15T00:27:00Z", "2025-06-15T00:25:00Z", false, false),
            ("* * * * *", "2025-06-15T00:05:00Z", nil, "2025-06-15T05:00:10Z", "2025-06-15T05:00:00Z", false, true),
            ("* * * * *", "2025-06-15T00:05:00Z", 120, "2025-06-15T05:00:10Z", "2025-06-15T05:00:00Z", false, false),
            ("0 * * * *", "2025-06-15T00:00:00Z", 10, "2025-06-15T05:30:00Z", nil, false, false),
            ("0 9 * * 1-5", "2025-06-13T09:00:00Z", nil, "2025-06-16T10:00:00Z", "2025-06-16T09:00:00Z", false, false),
            ("30 6-16/4 * * 1-5", "2025-06-13T14:30:00Z", nil, "2025-06-16T11:00:00Z", "2025-06-16T10:30:00Z", false, false),
        ] as [(String, String?, Int64?, String, String?, Bool, Bool)])
    func theNewestTimeThatHasComeIsDue(
        schedule: String, last: String?, deadline: Int64?, now: String, due: String?, isTooLate: Bool, missedMany: Bool
    ) throws {
        let cron = cronJob(schedule) { cron in
            cron.status.lastScheduleTime = last.flatMap { Time($0) }
            cron.spec.startingDeadlineSeconds = deadline
        }
        let plan = try CronPlan(cron, CronSchedule(schedule), .utc, now: seconds(now))
        #expect(plan.due == due.map(seconds))
        #expect(plan.isTooLate == isTooLate)
        #expect(plan.hasMissedMany == missedMany)
    }

    @Test func theJobBearsItsTime() throws {
        let zone = try #require(TimeZoneTable(named: "Asia/Kolkata"))
        let plan = try CronPlan(cronJob("0 9 * * *"), CronSchedule("0 9 * * *"), zone, now: seconds("2025-06-15T04:00:00Z"))
        let due = try #require(plan.due)
        #expect(due == seconds("2025-06-15T03:30:00Z"))
        let job = plan.job(for: due)
        #expect(job.metadata.name == "tick-\(due / 60)")
        #expect(job.metadata.annotations["batch.kubernetes.io/cronjob-scheduled-timestamp"] == "2025-06-15T09:00:00+05:30")
        #expect(RFC1123.text(due) == "Sun, 15 Jun 2025 03:30:00 +0000")
    }

    @Test func whatNeverComesIsAnError() throws {
        let schedule = try CronSchedule("0 0 31 2 *")
        #expect(throws: CronPlanError.self) { try CronPlan(cronJob("0 0 31 2 *"), schedule, .utc, now: 1_750_000_000) }
    }
}

@Suite struct CronJobControllerTests {
    /// The clock stands at 15:06:40.
    private static let nextMinute = TestCluster.start / 60 * 60 + 60

    private static let controllers: @Sendable (ControllerContext) -> [any Controller] = { [CronJobController($0), JobController($0)] }

    /// Moves the clock to the next full minute and a bit.
    private static func minute(_ cluster: TestCluster) async {
        await cluster.clock.waitForSleepers()
        cluster.clock.advance(by: .seconds(60))
    }

    @Test func eachMinuteHasAJobAndOldOnesGo() async throws {
        try await TestCluster.with(Self.controllers, kubelet: { _, now in .ended("Succeeded", at: now) }) { cluster in
            _ = try await cluster.client.create(cronJob("* * * * *") { $0.spec.successfulJobsHistoryLimit = 2 })
            for round in 0..<3 {
                let time = Self.nextMinute + Int64(round) * 60
                await Self.minute(cluster)
                try await cluster.until("job \(round) is done") {
                    let cron = try await cluster.get(CronJob.self, "tick")
                    return cron.status.lastScheduleTime?.seconds == time && cron.status.active.isEmpty && cron.status.lastSuccessfulTime != nil
                }
            }
            try await cluster.until("two jobs are kept") { try await cluster.all(Job.self).count == 2 }
            let jobs = try await cluster.all(Job.self)
            #expect(jobs.compactMap(\.metadata.name) == ["tick-\(Self.nextMinute / 60 + 1)", "tick-\(Self.nextMinute / 60 + 2)"])
            #expect(jobs[0].metadata.controllerReference?.kind == "CronJob")
        }
    }

    @Test(arguments: [("Forbid", 1), ("Allow", 2), ("Replace", 1)])
    func policiesForJobsThatOverlap(policy: String, running: Int) async throws {
        try await TestCluster.with(Self.controllers, kubelet: FakeKubelet.runsEverything) { cluster in
            _ = try await cluster.client.create(cronJob("* * * * *") { $0.spec.concurrencyPolicy = policy })
            await Self.minute(cluster)
            try await cluster.until("the first job is there") { try await cluster.get(CronJob.self, "tick").status.active.count == 1 }
            await Self.minute(cluster)
            let second = Self.nextMinute + 60
            if policy == "Forbid" {
                try await cluster.until("it is said why there is none") {
                    try await cluster.all(Event.self).contains { $0.reason == "JobAlreadyActive" }
                }
            } else {
                try await cluster.until("the second job is there") {
                    try await cluster.get(CronJob.self, "tick").status.lastScheduleTime?.seconds == second
                }
            }
            #expect(try await cluster.get(CronJob.self, "tick").status.active.count == running)
        }
    }

    @Test func suspendedOnesDoNothing() async throws {
        try await TestCluster.with(Self.controllers) { cluster in
            _ = try await cluster.client.create(cronJob("* * * * *") { $0.spec.suspend = true })
            cluster.clock.advance(by: .seconds(600))
            try await cluster.edit(CronJob.self, "tick") { $0.spec.suspend = false }
            try await cluster.until("one job for all that was missed") {
                try await cluster.get(CronJob.self, "tick").status.active.count == 1
            }
            #expect(try await cluster.all(Job.self).count == 1)
        }
    }
}
