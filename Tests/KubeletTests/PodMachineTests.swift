import CoreV1
import JSON
import KubernetesAPI
import Testing

@testable import Kubelet

/// A node in miniature: does what the machine asks at once and tells it.
private struct TinyNode {
    var machine: PodMachine
    var now = Sample.start
    var observed = Sample.observed([], [])
    var log: [String] = []
    var isFinished = false
    /// Statuses written to the API.
    var published = 0
    /// Steps that are answered only when the test says so.
    var held: Set<String> = []
    private var apiStatus: PodStatus?

    init(_ pod: Pod) {
        machine = PodMachine(pod: pod, settings: .init(hostIPs: ["192.168.0.1"]))
    }

    var status: PodStatus { machine.pod.status }

    mutating func receive(_ input: PodInput) {
        machine.receive(input, now: now)
        run()
    }

    mutating func advance(_ duration: Duration) {
        now = now + duration
        run()
    }

    mutating func look() { machine.receive(.observed(observed), now: now) }

    mutating func exit(_ name: String, _ code: Int32) {
        guard let index = observed.containers.firstIndex(where: { $0.name == name && $0.state == .running }) else { return }
        observed.containers[index].state = .exited
        observed.containers[index].exitCode = code
        observed.containers[index].finishedAt = now
        look()
        run()
    }

    mutating func run() {
        for _ in 0..<100 {
            if machine.wantsObservation { look() }
            let outcome = machine.step(now: now)
            if outcome.steps.isEmpty { return }
            for step in outcome.steps { perform(step, outcome) }
            if isFinished { return }
        }
        Issue.record("the machine does not come to rest: \(log.suffix(5))")
    }

    private mutating func perform(_ step: PodStep, _ outcome: PodMachine.Outcome) {
        switch step {
        case .prepare: answer("prepare", .prepared(.done))
        case .refreshVolumes: answer("refresh", .refreshed)
        case .makeSandbox(let attempt):
            observed.sandboxes.insert(Sample.sandbox("s\(attempt)", attempt: attempt), at: 0)
            answer("sandbox \(attempt)", .sandboxMade(.done))
        case .start(let starts):
            for start in starts {
                let attempt = UInt32(observed.containers.filter { $0.name == start.name }.count)
                var instance = Sample.instance(start.name, .running, attempt: attempt, sandbox: observed.sandboxes[0].id)
                instance.createdAt = now
                observed.containers.insert(instance, at: 0)
                answer("start \(start.name)", .started(name: start.name, nil))
            }
        case .kill(let kill):
            if let index = observed.containers.firstIndex(where: { $0.id == kill.containerID }) {
                observed.containers[index].state = .exited
                observed.containers[index].exitCode = 137
                observed.containers[index].finishedAt = now
            }
            answer("kill \(kill.name)", .killed(name: kill.name, restart: kill.restart))
        case .cancelStarts: log.append("cancel")
        case .stop(let grace):
            for index in observed.containers.indices where observed.containers[index].state == .running {
                observed.containers[index].state = .exited
                observed.containers[index].exitCode = 0
                observed.containers[index].finishedAt = now
            }
            for index in observed.sandboxes.indices { observed.sandboxes[index].isReady = false }
            answer("stop \(grace)", .stopped(.done))
        case .removeContainers(let ids):
            log.append("remove \(ids.joined(separator: ","))")
            observed.containers.removeAll { ids.contains($0.id) }
        case .removeSandboxes(let ids): log.append("remove \(ids.joined(separator: ","))")
        case .publish:
            var pod = machine.pod
            if let status = outcome.status { pod.status = status }
            published += 1
            machine.receive(.published(pod, .done), now: now)
        case .tearDown: answer("tear down", .tornDown(.done))
        case .deleteFromAPI: answer("delete", .deleted(.done))
        case .cleanUp: answer("clean up", .cleanedUp(.done))
        case .backOffEvent(let container, let delay): log.append("back-off \(container) \(delay.components.seconds)")
        case .deadlineEvent(let failure): log.append(failure.reason)
        case .finish: isFinished = true
        }
    }

    private mutating func answer(_ text: String, _ input: PodInput) {
        log.append(text)
        if !held.contains(text) { machine.receive(input, now: now) }
    }
}

@Suite struct PodMachineTests {
    @Test func fromBoundToRunning() {
        var node = TinyNode(Sample.pod())
        node.run()
        #expect(node.log == ["prepare", "sandbox 0", "start app"])
        #expect(node.status.phase == "Running")
        #expect(node.status.podIP == "10.1.0.5")
        #expect(node.status.podIPs.map(\.ip) == ["10.1.0.5"])
        #expect(node.status.hostIPs.map(\.ip) == ["192.168.0.1"])
        #expect(node.status.conditions.map(\.type) == ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"])
        #expect(node.status.conditions.allSatisfy { $0.status == "True" })
        #expect(node.status.containerStatuses.first?.containerID == "containerd://app-0")
        #expect(node.status.containerStatuses.first?.started == true)
        #expect(node.status.qosClass == "BestEffort")
        #expect(node.status.observedGeneration == 1)
    }

    @Test func whatHappensDuringAStartIsWrittenTogether() {
        var quick = TinyNode(Sample.pod())
        quick.run()
        #expect(quick.published == 1)

        var slow = TinyNode(Sample.pod())
        slow.held = ["prepare"]
        slow.run()
        #expect(slow.published == 0)
        slow.advance(.milliseconds(199))
        #expect(slow.published == 0)
        slow.advance(.milliseconds(1))
        #expect(slow.published == 1)
        #expect(slow.status.phase == "Pending")
        #expect(slow.status.containerStatuses.first?.state?.waiting?.reason == "ContainerCreating")
        slow.held = []
        slow.receive(.prepared(.done))
        #expect(slow.published == 2)
        #expect(slow.status.phase == "Running")
    }

    @Test func aChangedSourceReachesTheVolumes() {
        var node = TinyNode(Sample.pod())
        node.run()
        node.log = []
        node.held = ["refresh"]
        node.receive(.volumeSourcesChanged)
        node.receive(.volumeSourcesChanged)
        #expect(node.log == ["refresh"], "one at a time")
        node.receive(.refreshed)
        #expect(node.log == ["refresh", "refresh"])
        // Volumes are not taken away under a refresh.
        node.receive(.removed)
        #expect(node.log.last == "stop 30")
        node.receive(.refreshed)
        #expect(node.log.suffix(2) == ["tear down", "clean up"])
    }

    @Test func aVolumeThatWaitsForItsSourceIsTriedAgainAtOnceWhenThatComes() {
        var node = TinyNode(Sample.pod())
        node.held = ["prepare"]
        node.run()
        for _ in 0..<5 {
            node.receive(.prepared(.failed("configmap \"later\" not found")))
            node.advance(.seconds(60))
        }
        node.log = []
        node.receive(.prepared(.failed("configmap \"later\" not found")))
        #expect(node.log.isEmpty)
        node.receive(.volumeSourcesChanged)
        #expect(node.log == ["prepare"])
    }

    @Test func aCrashingContainerBacksOffAndComesBack() {
        var node = TinyNode(Sample.pod())
        node.run()
        node.exit("app", 1)  // the first restart is at once
        #expect(node.status.containerStatuses.first?.restartCount == 1)
        node.exit("app", 1)
        let status = node.status.containerStatuses.first
        #expect(status?.state?.waiting?.reason == "CrashLoopBackOff")
        #expect(status?.state?.waiting?.message == "back-off 10s restarting failed container=app pod=web_default(uid-1)")
        #expect(status?.lastState?.terminated?.exitCode == 1)
        #expect(status?.lastState?.terminated?.reason == "Error")
        #expect(node.status.phase == "Running")
        #expect(node.status.conditions.first { $0.type == "Ready" }?.message == "containers with unready status: [app]")
        node.advance(.seconds(10))
        #expect(node.status.containerStatuses.first?.state?.running != nil)
        #expect(node.status.containerStatuses.first?.restartCount == 2)
        #expect(node.log.filter { $0.hasPrefix("back-off") } == ["back-off app 10"])
        // Of the dead instances one is kept, for its last state and log.
        #expect(node.log.contains("remove app-0"))
    }

    @Test(arguments: [("Never", 0, "Succeeded"), ("Never", 3, "Failed"), ("OnFailure", 0, "Succeeded")] as [(String, Int32, String)])
    func aPodThatEnds(policy: String, exit: Int32, phase: String) {
        var node = TinyNode(Sample.pod(restartPolicy: policy))
        node.run()
        node.exit("app", exit)
        #expect(node.status.phase == phase)
        #expect(node.log.suffix(2) == ["stop 30", "tear down"])
        #expect(node.status.containerStatuses.first?.state?.terminated?.exitCode == exit)
        #expect(node.status.conditions.first { $0.type == "Ready" }?.reason == (exit == 0 ? "PodCompleted" : "PodFailed"))
        #expect(!node.isFinished, "its containers and logs stay until it is deleted")
    }

    @Test func gracefulDeletion() {
        var node = TinyNode(Sample.pod())
        node.run()
        var deleted = node.machine.pod
        deleted.metadata.deletionTimestamp = Time(seconds: 1)
        deleted.metadata.deletionGracePeriodSeconds = 5
        deleted.metadata.resourceVersion = "20"
        node.log = []
        node.receive(.updated(deleted))
        #expect(node.log == ["stop 5", "tear down", "delete"])
        #expect(node.status.containerStatuses.first?.state?.terminated != nil)
        #expect(node.status.phase == "Succeeded")
        node.receive(.removed)
        #expect(node.log.last == "clean up")
        #expect(node.isFinished)
    }

    @Test func aPodThatVanishesFromTheAPIIsRemoved() {
        var node = TinyNode(Sample.pod())
        node.run()
        node.log = []
        node.receive(.removed)
        #expect(node.log == ["stop 30", "tear down", "clean up"])
        #expect(node.isFinished)
    }

    @Test func deletionInterruptsAStart() {
        var node = TinyNode(Sample.pod())
        node.held = ["prepare"]
        node.run()
        #expect(node.log == ["prepare"])
        var deleted = node.machine.pod
        deleted.metadata.deletionTimestamp = Time(seconds: 1)
        deleted.metadata.deletionGracePeriodSeconds = 30
        node.receive(.updated(deleted))
        #expect(node.log == ["prepare", "cancel"])
        node.receive(.prepared(.cancelled))
        #expect(node.log == ["prepare", "cancel", "tear down", "delete"])
    }

    @Test func aShorterGraceStopsAgain() {
        var node = TinyNode(Sample.pod())
        node.run()
        var deleted = node.machine.pod
        deleted.metadata.deletionTimestamp = Time(seconds: 1)
        deleted.metadata.deletionGracePeriodSeconds = 30
        let lively = node.observed
        node.held = ["stop 30"]
        node.log = []
        node.machine.receive(.updated(deleted), now: node.now)
        _ = node.machine.step(now: node.now)
        deleted.metadata.deletionGracePeriodSeconds = 1
        node.observed = lively
        node.receive(.updated(deleted))
        #expect(node.log.first == "stop 1")
    }

    @Test func aRefusedPodFails() {
        var node = TinyNode(Sample.pod())
        node.machine.receive(.failed(PodFailure(reason: "NodePorts", message: "Pod was rejected: no")), now: node.now)
        node.run()
        #expect(node.status.phase == "Failed")
        #expect(node.status.reason == "NodePorts")
        #expect(node.log == ["tear down"])
    }

    @Test func theDeadlineEndsThePod() {
        var node = TinyNode(Sample.pod { $0.spec.activeDeadlineSeconds = 60 })
        node.run()
        node.advance(.seconds(61))
        #expect(node.status.phase == "Failed")
        #expect(node.status.reason == "DeadlineExceeded")
    }

    @Test func anAdoptedPodIsNotTouched() {
        var node = TinyNode(Sample.pod())
        node.observed = Sample.observed([Sample.sandbox()], [Sample.instance("app", .running)])
        node.run()
        #expect(node.log == ["prepare"])
        #expect(node.status.phase == "Running")
    }

    @Test func aFinishedPodOfAnEarlierLifeStaysAsItWas() {
        var node = TinyNode(Sample.pod(restartPolicy: "Never"))
        node.run()
        node.exit("app", 0)
        let finished = node.machine.pod
        var next = TinyNode(finished)
        next.run()
        #expect(next.log == ["tear down"])
        #expect(next.status.tree() == finished.status.tree())
    }

    @Test func aStatusNeverGoesBack() {
        var node = TinyNode(Sample.pod(restartPolicy: "Never"))
        node.run()
        node.exit("app", 0)
        // The runtime loses the container.
        node.observed = Sample.observed([], [])
        node.look()
        node.run()
        #expect(node.status.phase == "Succeeded")
        #expect(node.status.containerStatuses.first?.state?.terminated?.exitCode == 0)
    }

    @Test func aFailedStartIsTold() {
        var node = TinyNode(Sample.pod())
        node.held = ["start app"]
        node.run()
        node.observed.containers = []
        node.receive(
            .started(name: "app", StartFailure(reason: "ErrImagePull", message: "no such image", retryAt: node.now + .seconds(3))))
        #expect(node.status.phase == "Pending")
        #expect(node.status.containerStatuses.first?.state?.waiting?.reason == "ErrImagePull")
        #expect(node.status.containerStatuses.first?.state?.waiting?.message == "no such image")
    }

    @Test func initContainersHoldThePodPending() {
        var node = TinyNode(Sample.pod(initContainers: [Sample.container("setup")]))
        node.run()
        #expect(node.status.phase == "Pending")
        #expect(node.status.containerStatuses.first?.state?.waiting?.reason == "PodInitializing")
        let initialized = node.status.conditions.first { $0.type == "Initialized" }
        #expect(initialized?.status == "False")
        #expect(initialized?.reason == "ContainersNotInitialized")
        #expect(initialized?.message == "containers with incomplete status: [setup]")
        node.exit("setup", 0)
        #expect(node.status.phase == "Running")
        #expect(node.status.initContainerStatuses.first?.ready == true)
    }
}
