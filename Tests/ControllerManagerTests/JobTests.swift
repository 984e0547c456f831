import BatchV1
import CoreV1
import KubernetesAPI
import KubernetesClient
import Testing

@testable import ControllerManager

private func job(_ name: String = "work", _ change: (inout Job) -> Void = { _ in }) -> Job {
    var job = Job { job in
        job.metadata.name = name
        job.metadata.namespace = "default"
        job.spec.template = template(["app": "work"], restartPolicy: "Never")
    }
    change(&job)
    return job
}

private func failedPod(exitCode: Int32 = 1, conditions: [String] = []) -> Pod {
    Pod { pod in
        pod.metadata.name = "p"
        pod.metadata.namespace = "ns"
        pod.status = .ended("Failed", exitCode: exitCode, at: 0)
        pod.status.conditions = conditions.map { type in
            PodCondition {
                $0.type = type
                $0.status = "True"
            }
        }
    }
}

@Suite struct CompletionIndexesTests {
    @Test(
        arguments: [
            ([], ""), ([3], "3"), ([0, 1], "0,1"), ([0, 1, 2], "0-2"), ([5, 1, 3, 4, 7], "1,3-5,7"), ([2, 2, 2], "2"),
        ] as [([Int], String)])
    func areWrittenAsIntervals(indexes: [Int], text: String) {
        #expect(CompletionIndexes(indexes).description == text)
        #expect(CompletionIndexes(text, below: 100) == CompletionIndexes(indexes))
    }

    @Test(arguments: [("1,3-5,7", 4, "1,3"), ("0-9", 3, "0-2"), ("x", 9, ""), ("3-1", 9, ""), ("5-", 9, ""), ("", 9, "")])
    func textIsReadBelowALimit(text: String, limit: Int, expected: String) {
        #expect(CompletionIndexes(text, below: limit).description == expected)
    }

    @Test func setOperations() {
        let set = CompletionIndexes([1, 3, 4, 5, 9])
        #expect(set.contains(4) && !set.contains(2) && !set.contains(10))
        #expect(set.union([2, 8]).description == "1-5,8,9")
        #expect(set.missing(3, below: 10) == [0, 2, 6])
        #expect(set.missing(9, below: 8) == [0, 2, 6, 7])
        #expect(set.countShared(with: CompletionIndexes([4, 5, 6, 9])) == 3)
    }
}

@Suite struct JobPolicyTests {
    private static func rule(_ action: String, codes: [Int32] = [], operator: String = "In", container: String? = nil, condition: String? = nil)
        -> PodFailurePolicyRule
    {
        PodFailurePolicyRule { rule in
            rule.action = action
            if let condition {
                rule.onPodConditions = [PodFailurePolicyOnPodConditionsPattern { $0.type = condition }]
            } else {
                rule.onExitCodes = PodFailurePolicyOnExitCodesRequirement {
                    $0.operator = `operator`
                    $0.values = codes
                    $0.containerName = container
                }
            }
        }
    }

    @Test(
        arguments: [
            (
                [rule("FailJob", codes: [3])], failedPod(exitCode: 3), "FailJob", true,
                "Container c for pod ns/p failed with exit code 3 matching FailJob rule at index 0"
            ),
            ([rule("FailJob", codes: [3])], failedPod(exitCode: 4), nil, true, nil),
            ([rule("FailJob", codes: [3], container: "other")], failedPod(exitCode: 3), nil, true, nil),
            ([rule("Ignore", codes: [3], operator: "NotIn")], failedPod(exitCode: 4), "Ignore", false, nil),
            ([rule("Count", codes: [1]), rule("FailJob", codes: [1])], failedPod(exitCode: 1), "Count", true, nil),
            ([rule("Ignore", condition: "DisruptionTarget")], failedPod(conditions: ["DisruptionTarget"]), "Ignore", false, nil),
            ([rule("FailIndex", codes: [1])], failedPod(), "FailIndex", true, nil),
            (
                [rule("Ignore", codes: [9]), rule("FailJob", condition: "ConfigIssue")], failedPod(conditions: ["ConfigIssue"]), "FailJob", true,
                "Pod ns/p has condition ConfigIssue matching FailJob rule at index 1"
            ),
        ] as [([PodFailurePolicyRule], Pod, String?, Bool, String?)])
    func theFirstRuleThatMatchesDecides(rules: [PodFailurePolicyRule], pod: Pod, action: String?, counts: Bool, message: String?) {
        let verdict = FailureVerdict(PodFailurePolicy { $0.rules = rules }, pod)
        #expect(verdict.action == action)
        #expect(verdict.counts == counts)
        #expect(verdict.failsJob == message)
    }

    @Test(
        arguments: [
            ("0-2", nil, [0, 1, 2], "Matched rules at index 0"), ("0-2", nil, [0, 1], nil), ("0-9", 2, [3, 7], "Matched rules at index 0"),
            (nil, 3, [0, 5], nil), (nil, 2, [0, 5], "Matched rules at index 0"), (nil, 1, [], nil),
        ] as [(String?, Int32?, [Int], String?)])
    func successPolicies(indexes: String?, count: Int32?, succeeded: [Int], expected: String?) {
        let policy = SuccessPolicy { policy in
            policy.rules = [
                SuccessPolicyRule {
                    $0.succeededIndexes = indexes
                    $0.succeededCount = count
                }
            ]
        }
        #expect(policy.match(CompletionIndexes(succeeded), completions: 10) == expected)
    }

    @Test func pausesDoubleUpToTenMinutesAndEndWithASuccess() {
        func ended(_ phase: String, _ time: Int64) -> Pod { Pod { $0.status = .ended(phase, at: time) } }
        var backoff = JobBackoff()
        #expect(backoff.remaining(at: 0) == 0)
        var pauses: [Int64] = []
        for _ in 0..<9 {
            backoff = backoff.after(succeeded: [], failed: [ended("Failed", 100)])
            pauses.append(backoff.remaining(at: 100))
        }
        #expect(pauses == [10, 20, 40, 80, 160, 320, 600, 600, 600])
        #expect(backoff.remaining(at: 700) == 0)
        let mixed = backoff.after(succeeded: [ended("Succeeded", 200)], failed: [ended("Failed", 150), ended("Failed", 210)])
        #expect(mixed == JobBackoff(failures: 1, lastFailure: 210))
        #expect(backoff.after(succeeded: [ended("Succeeded", 200)], failed: []) == JobBackoff())
    }
}

@Suite struct JobControllerTests {
    private static let controllers: @Sendable (ControllerContext) -> [any Controller] = { [JobController($0), TTLAfterFinishedController($0)] }
    private static let allSucceed: FakeKubelet.Behaviour = { _, now in .ended("Succeeded", at: now) }
    private static let allFail: FakeKubelet.Behaviour = { _, now in .ended("Failed", exitCode: 3, at: now) }

    @Test func jobsRunToCompletionAndGoWithTime() async throws {
        try await TestCluster.with(Self.controllers, kubelet: Self.allSucceed) { cluster in
            _ = try await cluster.client.create(
                job { job in
                    job.spec.completions = 5
                    job.spec.parallelism = 2
                    job.spec.ttlSecondsAfterFinished = 30
                })
            try await cluster.until("the job is complete") { try await cluster.get(Job.self, "work").has("Complete") }
            let done = try await cluster.get(Job.self, "work")
            #expect(done.status.succeeded == 5)
            #expect(done.status.active == nil && done.status.failed == nil)
            #expect(done.status.completionTime?.seconds == TestCluster.start)
            #expect(done.status.conditions.map(\.type) == ["SuccessCriteriaMet", "Complete"])
            #expect(done.status.conditions.allSatisfy { $0.reason == "CompletionsReached" })
            let pods = try await cluster.all(Pod.self)
            #expect(pods.count == 5)
            #expect(pods.allSatisfy { $0.metadata.finalizers.isEmpty && $0.metadata.labels["batch.kubernetes.io/job-name"] == "work" })
            await cluster.clock.waitForSleepers()
            cluster.clock.advance(by: .seconds(31))
            try await cluster.until("the job is being deleted") {
                do {
                    return try await cluster.get(Job.self, "work").metadata.finalizers == ["foregroundDeletion"]
                } catch let error as APIStatusError where error.isNotFound {
                    return true
                }
            }
        }
    }

    @Test func indexedJobsGiveEachIndexAPod() async throws {
        let behaviour: FakeKubelet.Behaviour = { pod, now in
            // Index 1 fails for good.
            pod.completionIndex == 1 ? .ended("Failed", exitCode: 3, at: now - 1000) : .ended("Succeeded", at: now)
        }
        try await TestCluster.with(Self.controllers, kubelet: behaviour) { cluster in
            _ = try await cluster.client.create(
                job { job in
                    job.spec.completionMode = "Indexed"
                    job.spec.completions = 4
                    job.spec.parallelism = 4
                    job.spec.backoffLimitPerIndex = 1
                })
            try await cluster.until("the job has failed") { try await cluster.get(Job.self, "work").has("Failed") }
            let done = try await cluster.get(Job.self, "work")
            #expect(done.status.completedIndexes == "0,2,3")
            #expect(done.status.failedIndexes == "1")
            #expect(done.status.succeeded == 3 && done.status.failed == 2)
            #expect(done.condition("Failed")?.reason == "FailedIndexes")
            let pods = try await cluster.all(Pod.self)
            #expect(pods.count == 5)
            let zero = try #require(pods.first { $0.completionIndex == 0 })
            #expect(zero.spec.hostname == "work-0")
            #expect(zero.metadata.name?.hasPrefix("work-0-") == true)
            #expect(zero.spec.containers[0].env.first?.name == "JOB_COMPLETION_INDEX")
            #expect(pods.filter { $0.completionIndex == 1 }.map(\.indexFailures).sorted() == [0, 1])
        }
    }

    /// The pods are seen to be let go before the status that counts them is.
    @Test func anIndexIsNotGivenOutAgainByAStatusThatIsBehind() async throws {
        let isCounted = AsyncStream<Void>.makeStream()
        let hold: @Sendable (String, [UInt8]) async -> Void = { path, chunk in
            guard path.hasPrefix("/apis/batch/v1/jobs"), String(decoding: chunk, as: UTF8.self).contains("completedIndexes") else { return }
            for await _ in isCounted.stream { return }
        }
        let behaviour: FakeKubelet.Behaviour = { pod, now in
            pod.completionIndex == nil ? FakeKubelet.runsEverything(pod, now) : .ended("Succeeded", at: now)
        }
        try await TestCluster.with(Self.controllers, kubelet: behaviour, hold: hold) { cluster in
            _ = try await cluster.client.create(job("other"))
            try await cluster.until("the other job's pod is counted") { try await cluster.get(Job.self, "other").status.ready == 1 }
            let pod = try #require(try await cluster.all(Pod.self).first?.metadata.name)
            _ = try await cluster.client.create(
                job { job in
                    job.spec.completionMode = "Indexed"
                    job.spec.completions = 3
                    job.spec.parallelism = 3
                })
            try await cluster.until("a pod is counted and let go") { try await cluster.all(Pod.self).contains { $0.metadata.finalizers.isEmpty } }
            // What the controller does about a later change of pods, it does after looking at this one.
            try await cluster.client.delete(Pod.self, pod, namespace: "default")
            try await cluster.until("the other job's pod is counted") { try await cluster.get(Job.self, "other").status.failed == 1 }
            isCounted.continuation.finish()
            try await cluster.until("the job is complete") { try await cluster.get(Job.self, "work").has("Complete") }
            #expect(try await cluster.all(Pod.self).count { $0.completionIndex != nil } == 3)
        }
    }

    @Test func tooManyFailuresFailTheJob() async throws {
        try await TestCluster.with(Self.controllers, kubelet: Self.allFail) { cluster in
            _ = try await cluster.client.create(job { $0.spec.backoffLimit = 1 })
            try await cluster.until("the first failure is counted") { try await cluster.get(Job.self, "work").status.failed == 1 }
            // Another try only after ten seconds.
            #expect(try await cluster.all(Pod.self).count == 1)
            await cluster.clock.waitForSleepers()
            cluster.clock.advance(by: .seconds(11))
            try await cluster.until("the job has failed") { try await cluster.get(Job.self, "work").has("Failed") }
            let done = try await cluster.get(Job.self, "work")
            #expect(done.status.failed == 2)
            #expect(done.condition("Failed")?.reason == "BackoffLimitExceeded")
            #expect(done.condition("FailureTarget")?.message == "Job has reached the specified backoff limit")
        }
    }

    @Test func aFailurePolicyEndsTheJobAtOnce() async throws {
        try await TestCluster.with(Self.controllers, kubelet: Self.allFail) { cluster in
            _ = try await cluster.client.create(
                job { job in
                    job.spec.podFailurePolicy = PodFailurePolicy { policy in
                        policy.rules = [
                            PodFailurePolicyRule { rule in
                                rule.action = "FailJob"
                                rule.onExitCodes = PodFailurePolicyOnExitCodesRequirement {
                                    $0.operator = "In"
                                    $0.values = [3]
                                }
                            }
                        ]
                    }
                })
            try await cluster.until("the job has failed") { try await cluster.get(Job.self, "work").has("Failed") }
            let done = try await cluster.get(Job.self, "work")
            #expect(done.condition("Failed")?.reason == "PodFailurePolicy")
            #expect(done.status.failed == 1)
        }
    }

    @Test func suspendedJobsLoseTheirPodsAndStartAnew() async throws {
        try await TestCluster.with(Self.controllers, kubelet: FakeKubelet.runsEverything) { cluster in
            _ = try await cluster.client.create(
                job { job in
                    job.spec.parallelism = 2
                    job.spec.completions = 2
                    job.spec.activeDeadlineSeconds = 60
                })
            try await cluster.until("two pods run") {
                let status = try await cluster.get(Job.self, "work").status
                return status.active == 2 && status.ready == 2
            }
            try await cluster.edit(Job.self, "work") { $0.spec.suspend = true }
            try await cluster.until("the job is suspended") {
                let job = try await cluster.get(Job.self, "work")
                let pods = try await cluster.all(Pod.self)
                return job.has("Suspended") && job.status.active == nil && pods.isEmpty
            }
            cluster.clock.advance(by: .seconds(100))
            try await cluster.edit(Job.self, "work") { $0.spec.suspend = false }
            try await cluster.until("it runs again, from now on") {
                let job = try await cluster.get(Job.self, "work")
                return job.condition("Suspended")?.status == "False" && job.status.active == 2
                    && job.status.startTime?.seconds == TestCluster.start + 100
            }
            await cluster.clock.waitForSleepers()
            cluster.clock.advance(by: .seconds(61))
            try await cluster.until("its time is over") { try await cluster.get(Job.self, "work").has("Failed") }
            #expect(try await cluster.get(Job.self, "work").condition("Failed")?.reason == "DeadlineExceeded")
        }
    }
}
