import CoreV1
import Testing

@testable import Kubelet

@Suite struct PodPlannerTests {
    private func plan(_ pod: Pod, _ observed: ObservedPod, _ change: (inout PodPlanner) -> Void = { _ in }) -> PodPlan {
        var planner = PodPlanner(pod: pod, observed: observed, now: Sample.start + .seconds(6))
        change(&planner)
        return planner.plan()
    }

    @Test func aNewPodGetsASandboxFirst() {
        let plan = plan(Sample.pod(), Sample.observed([], []))
        #expect(plan.newSandbox == 0)
        #expect(plan.starts.isEmpty)
    }

    @Test func containersStartInOrderOnceTheSandboxIsThere() {
        let pod = Sample.pod(containers: [Sample.container("a"), Sample.container("b")])
        let plan = plan(pod, Sample.observed([Sample.sandbox()], []))
        #expect(plan.starts.map(\.name) == ["a", "b"])
    }

    @Test func aDeadSandboxIsReplacedWithTheNextAttempt() {
        let observed = Sample.observed([Sample.sandbox("s3", attempt: 3, ready: false)], [Sample.instance("app", .exited, exit: 137, sandbox: "s3")])
        #expect(plan(Sample.pod(), observed).newSandbox == 4)
    }

    @Test func aDeadSandboxOfAPodThatNeverRestartsEndsThePod() {
        let observed = Sample.observed([Sample.sandbox(ready: false)], [Sample.instance("app", .exited, exit: 137)])
        let plan = plan(Sample.pod(restartPolicy: "Never"), observed)
        #expect(plan.newSandbox == nil)
        #expect(plan.stopsPod)
    }

    @Test(
        arguments: [
            ("Always", 0, true), ("Always", 1, true), ("OnFailure", 0, false), ("OnFailure", 1, true), ("Never", 0, false), ("Never", 1, false),
        ] as [(String, Int32, Bool)])
    func restartPolicies(policy: String, exit: Int32, restarts: Bool) {
        let observed = Sample.observed([Sample.sandbox()], [Sample.instance("app", .exited, exit: exit)])
        let plan = plan(Sample.pod(restartPolicy: policy), observed)
        #expect(plan.starts.map(\.name) == (restarts ? ["app"] : []))
        #expect(plan.stopsPod == !restarts)
    }

    @Test func oneContainerStillRunningKeepsThePod() {
        let pod = Sample.pod(restartPolicy: "Never", containers: [Sample.container("a"), Sample.container("b")])
        let plan = plan(pod, Sample.observed([Sample.sandbox()], [Sample.instance("a", .exited), Sample.instance("b", .running)]))
        #expect(!plan.stopsPod)
        #expect(plan.starts.isEmpty)
    }

    @Test func initContainersRunOneAfterTheOther() {
        let pod = Sample.pod(initContainers: [Sample.container("i1"), Sample.container("i2")])
        let sandbox = [Sample.sandbox()]
        #expect(plan(pod, Sample.observed(sandbox, [])).starts.map(\.name) == ["i1"])
        #expect(plan(pod, Sample.observed(sandbox, [Sample.instance("i1", .running)])).starts.isEmpty)
        #expect(plan(pod, Sample.observed(sandbox, [Sample.instance("i1", .exited)])).starts.map(\.name) == ["i2"])
        let done = [Sample.instance("i1", .exited), Sample.instance("i2", .exited)]
        #expect(plan(pod, Sample.observed(sandbox, done)).starts.map(\.name) == ["app"])
    }

    @Test func aFailedInitContainerEndsAPodThatNeverRestarts() {
        let pod = Sample.pod(restartPolicy: "Never", initContainers: [Sample.container("i1")])
        let plan = plan(pod, Sample.observed([Sample.sandbox()], [Sample.instance("i1", .exited, exit: 1)]))
        #expect(plan.stopsPod)
        #expect(plan.starts.isEmpty)
    }

    @Test func aSidecarStartsBeforeWhatFollowsAndIsRestartedLater() {
        let pod = Sample.pod(initContainers: [Sample.sidecar("proxy"), Sample.container("i1")])
        let sandbox = [Sample.sandbox()]
        #expect(plan(pod, Sample.observed(sandbox, [])).starts.map(\.name) == ["proxy"])
        #expect(plan(pod, Sample.observed(sandbox, [Sample.instance("proxy", .running)])).starts.map(\.name) == ["i1"])
        let later = [Sample.instance("proxy", .exited, exit: 1), Sample.instance("i1", .exited), Sample.instance("app", .running)]
        #expect(plan(pod, Sample.observed(sandbox, later)).starts.map(\.name) == ["proxy"])
    }

    @Test func aSidecarThatHasNotStartedHoldsBackTheRest() {
        let pod = Sample.pod(initContainers: [
            Sample.container("proxy") {
                $0.restartPolicy = "Always"
                $0.startupProbe = Probe()
            }
        ])
        let observed = Sample.observed([Sample.sandbox()], [Sample.instance("proxy", .running)])
        #expect(plan(pod, observed).starts.isEmpty)
        #expect(plan(pod, observed) { $0.verdicts = ["proxy-0": ProbeVerdict(isStarted: true, isReady: true)] }.starts.map(\.name) == ["app"])
    }

    @Test func whenTheWorkIsDoneSidecarsDoNotKeepThePod() {
        let pod = Sample.pod(restartPolicy: "OnFailure", initContainers: [Sample.sidecar("proxy")])
        let plan = plan(pod, Sample.observed([Sample.sandbox()], [Sample.instance("proxy", .running), Sample.instance("app", .exited)]))
        #expect(plan.stopsPod)
    }

    @Test func aChangedImageReplacesTheContainer() {
        let pod = Sample.pod(containers: [Sample.container("app") { $0.image = "registry/app:2" }])
        let plan = plan(pod, Sample.observed([Sample.sandbox()], [Sample.instance("app", .running)]))
        #expect(plan.kills.map(\.cause) == [.imageChanged])
        #expect(plan.kills.first?.message == "Container app definition changed, will be restarted")
    }

    @Test func aFailedLivenessProbeKills() {
        let observed = Sample.observed([Sample.sandbox()], [Sample.instance("app", .running)])
        let plan = plan(Sample.pod(), observed) { $0.verdicts = ["app-0": ProbeVerdict(isStarted: true, isReady: true, mustDie: .livenessProbe)] }
        #expect(plan.kills.map(\.message) == ["Container app failed liveness probe, will be restarted"])
    }

    @Test func aContainerThatWasKilledToBeRestartedIsRestartedEvenAfterASuccess() {
        let observed = Sample.observed([Sample.sandbox()], [Sample.instance("app", .exited)])
        let plan = plan(Sample.pod(restartPolicy: "OnFailure"), observed) { $0.restartWanted = ["app"] }
        #expect(plan.starts.map(\.name) == ["app"])
    }

    @Test func backOffHoldsARestartBack() {
        let pod = Sample.pod()
        let observed = Sample.observed([Sample.sandbox()], [Sample.instance("app", .exited, exit: 1, finished: Sample.start + .seconds(5))])
        var backoff = Backoff()
        backoff.attempt(PodPlanner.backoffKey(pod, pod.spec.containers[0]), after: Sample.start, now: Sample.start)
        let waiting = plan(pod, observed) { $0.backoff = backoff }
        #expect(waiting.starts.isEmpty)
        #expect(waiting.backingOff["app"]?.delay == .seconds(10))
        #expect(waiting.nextCheck == Sample.start + .seconds(15))
        let later = plan(pod, observed) {
            $0.backoff = backoff
            $0.now = Sample.start + .seconds(15)
        }
        #expect(later.starts.map(\.name) == ["app"])
    }

    @Test func busyContainersAreLeftAlone() {
        let plan = plan(Sample.pod(), Sample.observed([Sample.sandbox()], [])) { $0.busy = ["app"] }
        #expect(plan.starts.isEmpty)
        #expect(!plan.stopsPod)
    }
}

@Suite struct BackoffTests {
    @Test func delaysAreThoseOfUpstream() {
        var backoff = Backoff()
        var now = Sample.start
        var delays: [Int64] = []
        for _ in 0..<8 {
            // The container ends at once each time.
            let wait = backoff.waitsUntil("k", after: now, now: now).map { $0.since(now) } ?? .zero
            delays.append(wait.components.seconds)
            now = now + wait
            backoff.attempt("k", after: now, now: now)
        }
        #expect(delays == [0, 10, 20, 40, 80, 160, 300, 300])
    }

    @Test func tenQuietMinutesForgetEverything() {
        var backoff = Backoff()
        backoff.attempt("k", after: Sample.start, now: Sample.start)
        let later = Sample.start + .seconds(601)
        #expect(backoff.waitsUntil("k", after: later, now: later) == nil)
    }
}

@Suite struct ContainerHashTests {
    /// The value that upstream's own tests expect for this container.
    @Test func isUpstreams() {
        #expect(ContainerHash.hash(name: "test_container", image: "foo/image:v1") == "8e45cbd0")
    }
}
