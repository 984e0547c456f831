import CoreV1
import JSON
import KubernetesAPI

/// The state of one pod on this node and the rules by which it moves. It does nothing itself: `receive` takes what happened, `step` says what to
/// do now and when to look again. No clock, no I/O; the worker around it is the only user.
struct PodMachine {
    private(set) var pod: Pod
    private(set) var observed: ObservedPod
    private(set) var failure: PodFailure?
    private(set) var verdicts: [String: ProbeVerdict] = [:]
    private(set) var isRemoved = false
    private(set) var isFinished = false

    private let settings: Settings
    private var hasObserved = false
    private var observationIsStale = true

    // What is under way.
    private var busy: Set<String> = []
    private var isPreparing = false
    private var isRefreshing = false
    private var isMakingSandbox = false
    private var isPublishing = false
    private var isTearingDown = false
    private var isDeleting = false
    private var isCleaning = false
    private var hasCancelledStarts = false
    /// The grace of the stop under way, if any.
    private var stopGrace: Int64?
    private var stopsUnderWay = 0

    // What is done.
    private var isPrepared = false
    /// All regular containers have done their work; nothing will be started any more.
    private var isComplete = false
    private var isStopped = false
    private var isTornDown = false
    private var isDeleted = false

    // What is remembered.
    private var backoff: Backoff
    private var startFailures: [String: StartFailure] = [:]
    private var restartWanted: Set<String> = []
    private var backingOff: [String: PodPlan.BackingOff] = [:]
    private var toldBackOff: Set<String> = []
    private var removing: Set<String> = []
    private var prepareDelay = RetryDelay(first: .milliseconds(500), longest: .seconds(60))
    private var sandboxDelay = RetryDelay(first: .seconds(1), longest: .seconds(10))
    private var stopDelay = RetryDelay(first: .milliseconds(500), longest: .seconds(10))
    private var publishDelay = RetryDelay(first: .milliseconds(200), longest: .seconds(10))
    private var tearDownDelay = RetryDelay(first: .milliseconds(100), longest: .seconds(10))
    private var deleteDelay = RetryDelay(first: .milliseconds(200), longest: .seconds(10))
    private var cleanUpDelay = RetryDelay(first: .milliseconds(200), longest: .seconds(10))
    private var lastSync: Timestamp = .zero
    private var needsRefresh = false
    private var lastPublished: PodStatus?
    private var failedPublishes = 0
    /// Since when a status waits to be written together with what follows it.
    private var gatheringSince: Timestamp?

    /// After so many failures to write its last status a pod is deleted without it: better than never.
    private static let lastPublishesMax = 5
    /// While a pod is being started one small change follows the other; those within this time are written together.
    private static let gatherFor: Duration = .milliseconds(200)

    struct Settings: Sendable {
        var runtimeName = "containerd"
        var hostIPs: [String] = []
        var syncFrequency: Duration = .seconds(60)
        var maxRestartPeriod: Duration = .seconds(300)
    }

    struct Outcome: Sendable {
        var steps: [PodStep] = []
        /// Whether liveness and startup probes still count (not while the pod is stopped).
        var probesMayKill = true
        /// When to step again although nothing was received; nil: only when something is received.
        var wakeAt: Timestamp?
        /// The status as it should be in the API.
        var status: PodStatus?
    }

    init(pod: Pod, settings: Settings) {
        self.pod = pod
        self.settings = settings
        self.observed = ObservedPod(uid: pod.uid, name: pod.name, namespace: pod.namespace)
        self.backoff = Backoff(maximum: settings.maxRestartPeriod)
    }

    /// A start, a stop or a fresh look is under way that could change what the runtime has.
    var wantsObservation: Bool { observationIsStale }

    // MARK: Receiving

    mutating func receive(_ input: PodInput, now: Timestamp) {
        switch input {
        case .updated(let newer): update(newer)
        case .removed:
            isRemoved = true
        case .failed(let reason):
            if failure == nil { failure = reason }
        case .observed(let seen):
            observed = seen
            hasObserved = true
            observationIsStale = false
            removing.formIntersection(Set(seen.containers.map(\.id) + seen.sandboxes.map(\.id)))
        case .verdicts(let newer): verdicts = newer
        case .volumeSourcesChanged:
            needsRefresh = true
            // What a volume waited for may be there now.
            prepareDelay.succeeded()
        case .refreshed: isRefreshing = false
        case .prepared(let result):
            isPreparing = false
            isPrepared = result == .done
            note(result, &prepareDelay, now)
        case .sandboxMade(let result):
            isMakingSandbox = false
            observationIsStale = true
            note(result, &sandboxDelay, now)
        case .started(let name, let problem):
            busy.remove(name)
            startFailures[name] = problem
            if problem == nil { restartWanted.remove(name) }
            observationIsStale = true
        case .killed(let name, let restart):
            busy.remove(name)
            if restart { restartWanted.insert(name) }
            observationIsStale = true
        case .stopped(let result):
            stopsUnderWay -= 1
            if stopsUnderWay == 0 { stopGrace = nil }
            observationIsStale = true
            note(result, &stopDelay, now)
        case .published(let newer, let result):
            isPublishing = false
            if let newer { update(newer) }
            if result == .done {
                failedPublishes = 0
            } else {
                lastPublished = nil
                failedPublishes += 1
            }
            note(result, &publishDelay, now)
        case .tornDown(let result):
            isTearingDown = false
            isTornDown = result == .done
            note(result, &tearDownDelay, now)
        case .deleted(let result):
            isDeleting = false
            isDeleted = result == .done
            note(result, &deleteDelay, now)
        case .cleanedUp(let result):
            isCleaning = false
            isFinished = result == .done
            note(result, &cleanUpDelay, now)
        }
    }

    private func note(_ result: StepResult, _ delay: inout RetryDelay, _ now: Timestamp) {
        if case .failed = result { delay.failed(now) } else { delay.succeeded() }
    }

    private mutating func update(_ newer: Pod) {
        // Answers to our own writes and the watch arrive in any order; the larger version is the later one.
        let mine = UInt64(pod.metadata.resourceVersion ?? "") ?? 0
        let theirs = UInt64(newer.metadata.resourceVersion ?? "") ?? .max
        guard theirs >= mine else { return }
        if newer.metadata.labels != pod.metadata.labels || newer.metadata.annotations != pod.metadata.annotations { needsRefresh = true }
        pod = newer
    }

    // MARK: Stepping

    mutating func step(now: Timestamp) -> Outcome {
        var outcome = Outcome()
        if isFinished {
            outcome.steps = [.finish]
            return outcome
        }
        guard hasObserved, !observationIsStale else { return outcome }
        checkSync(now)
        checkDeadline(now, &outcome)
        if !mustStop { stepRunning(now, &outcome) }
        if mustStop { stepStopping(now, &outcome) }
        collectGarbage(&outcome)
        stepPublish(now, &outcome)
        outcome.probesMayKill = !mustStop
        wake(at: lastSync + settings.syncFrequency, &outcome)
        return outcome
    }

    private var mustStop: Bool { isComplete || isRemoved || failure != nil || pod.isBeingDeleted || pod.isTerminal }

    private mutating func checkSync(_ now: Timestamp) {
        guard now >= lastSync + settings.syncFrequency else { return }
        if lastSync != .zero {
            // Now and then compare afresh with what the API has, in case somebody else wrote our part.
            needsRefresh = true
            lastPublished = nil
        }
        backoff.collect(now: now)
        lastSync = now
    }

    private mutating func checkDeadline(_ now: Timestamp, _ outcome: inout Outcome) {
        guard let seconds = pod.spec.activeDeadlineSeconds, let start = pod.status.startTime, !mustStop else { return }
        let deadline = Timestamp(start) + .seconds(seconds)
        if now >= deadline {
            let reason = PodFailure(
                reason: "DeadlineExceeded", message: "Pod was active on the node longer than the specified deadline")
            failure = reason
            outcome.steps.append(.deadlineEvent(reason))
        } else {
            wake(at: deadline, &outcome)
        }
    }

    private mutating func stepRunning(_ now: Timestamp, _ outcome: inout Outcome) {
        guard isPrepared else {
            if isPreparing { return }
            guard prepareDelay.isReady(now) else { return wake(at: prepareDelay.readyAt, &outcome) }
            isPreparing = true
            needsRefresh = false
            outcome.steps.append(.prepare)
            return
        }
        if needsRefresh && !isRefreshing {
            needsRefresh = false
            isRefreshing = true
            outcome.steps.append(.refreshVolumes)
        }
        if isMakingSandbox { return }
        let plan = PodPlanner(
            pod: pod, observed: observed, now: now, busy: busy, verdicts: verdicts, backoff: backoff, startFailures: startFailures,
            restartWanted: restartWanted
        ).plan()
        follow(plan, now, &outcome)
    }

    private mutating func follow(_ plan: PodPlan, _ now: Timestamp, _ outcome: inout Outcome) {
        backingOff = plan.backingOff
        for (name, wait) in plan.backingOff.sorted(by: { $0.key < $1.key }) where toldBackOff.insert(wait.containerID).inserted {
            outcome.steps.append(.backOffEvent(container: name, delay: wait.delay))
        }
        if plan.stopsPod {
            isComplete = true
            return
        }
        if let attempt = plan.newSandbox {
            guard sandboxDelay.isReady(now) else { return wake(at: sandboxDelay.readyAt, &outcome) }
            isMakingSandbox = true
            outcome.steps.append(.makeSandbox(attempt: attempt))
            return
        }
        for kill in plan.kills {
            busy.insert(kill.name)
            outcome.steps.append(.kill(kill))
        }
        if !plan.starts.isEmpty {
            for start in plan.starts {
                busy.insert(start.name)
                if let end = start.after, let container = pod.container(start.name)?.container {
                    backoff.attempt(PodPlanner.backoffKey(pod, container), after: end, now: now)
                }
            }
            outcome.steps.append(.start(plan.starts))
        }
        if let moment = plan.nextCheck { wake(at: moment, &outcome) }
    }

    private mutating func stepStopping(_ now: Timestamp, _ outcome: inout Outcome) {
        backingOff = [:]
        if isPreparing || isMakingSandbox || !busy.isEmpty {
            if !hasCancelledStarts {
                hasCancelledStarts = true
                outcome.steps.append(.cancelStarts)
            }
        }
        let grace = stopGraceWanted
        let somethingLives = !observed.running.isEmpty || observed.sandboxes.contains(where: \.isReady)
        if somethingLives {
            isStopped = false
            if stopGrace == nil || grace < (stopGrace ?? .max) {
                guard stopGrace != nil || stopDelay.isReady(now) else { return wake(at: stopDelay.readyAt, &outcome) }
                stopGrace = grace
                stopsUnderWay += 1
                outcome.steps.append(.stop(graceSeconds: grace))
            }
            return
        }
        guard stopsUnderWay == 0, !isPreparing, !isRefreshing, !isMakingSandbox, busy.isEmpty else { return }
        isStopped = true
        guard isTornDown else {
            if isTearingDown { return }
            guard tearDownDelay.isReady(now) else { return wake(at: tearDownDelay.readyAt, &outcome) }
            isTearingDown = true
            outcome.steps.append(.tearDown)
            return
        }
        if isRemoved {
            if isCleaning { return }
            guard cleanUpDelay.isReady(now) else { return wake(at: cleanUpDelay.readyAt, &outcome) }
            isCleaning = true
            outcome.steps.append(.cleanUp)
        }
    }

    /// Seconds for the containers to end by themselves.
    private var stopGraceWanted: Int64 {
        if failure != nil && !pod.isBeingDeleted && !isRemoved { return pod.spec.terminationGracePeriodSeconds ?? 30 }
        if let known = observed.containers.first?.gracePeriod, isRemoved, pod.spec.terminationGracePeriodSeconds == nil { return known }
        return pod.gracePeriodSeconds
    }

    // MARK: Status

    private static func isSame(_ a: PodStatus, _ b: PodStatus) -> Bool {
        // Nearly always they differ in nothing, not even in how they are written.
        a.jsonBytes() == b.jsonBytes() || a.tree() == b.tree()
    }

    private mutating func stepPublish(_ now: Timestamp, _ outcome: inout Outcome) {
        guard !isRemoved else { return }
        let status = PodStatusBuilder(
            pod: pod, observed: observed, now: now, runtimeName: settings.runtimeName, hostIPs: settings.hostIPs, verdicts: verdicts,
            startFailures: mustStop ? [:] : startFailures, backingOff: backingOff, failure: failure.map { ($0.reason, $0.message) },
            isTerminating: mustStop, isOver: isStopped
        ).status()
        outcome.status = status
        let isKnown = PodMachine.isSame(status, pod.status)
        let isSame = lastPublished.map { PodMachine.isSame($0, status) } ?? false
        if isKnown || isSame || (pod.isBeingDeleted && isStopped && failedPublishes >= PodMachine.lastPublishesMax) {
            deleteWhenDone(now, &outcome)
            return
        }
        if isPublishing { return }
        guard publishDelay.isReady(now) else { return wake(at: publishDelay.readyAt, &outcome) }
        let isStarting = !mustStop && (isPreparing || isMakingSandbox || !busy.isEmpty)
        if isStarting && status.phase == pod.status.phase ?? "Pending" {
            let due = (gatheringSince ?? now) + PodMachine.gatherFor
            gatheringSince = gatheringSince ?? now
            guard now >= due else { return wake(at: due, &outcome) }
        }
        gatheringSince = nil
        isPublishing = true
        lastPublished = status
        outcome.steps.append(.publish)
    }

    /// The last act, once the final status is in the API.
    private mutating func deleteWhenDone(_ now: Timestamp, _ outcome: inout Outcome) {
        guard pod.isBeingDeleted, isStopped, isTornDown, !isPublishing, !isDeleted, !isDeleting else { return }
        guard deleteDelay.isReady(now) else { return wake(at: deleteDelay.readyAt, &outcome) }
        isDeleting = true
        outcome.steps.append(.deleteFromAPI)
    }

    // MARK: Housekeeping

    /// Running containers whose probes must run.
    var probedContainers: [ObservedContainer] {
        guard !isRemoved || !isStopped else { return [] }
        return (pod.spec.initContainers.filter(RestartRules.isSidecar) + pod.spec.containers).compactMap { container in
            guard let newest = observed.newest(container.name), newest.state == .running else { return nil }
            return newest
        }
    }

    /// Of each container the newest instance and the dead one before it are kept; of sandboxes the newest.
    private mutating func collectGarbage(_ outcome: inout Outcome) {
        guard !mustStop else { return }
        var seen: [String: Int] = [:]
        var dead: [String] = []
        for container in observed.containers {
            let count = seen[container.name, default: 0]
            seen[container.name] = count + 1
            if count >= 2 && container.state == .exited && removing.insert(container.id).inserted { dead.append(container.id) }
        }
        if !dead.isEmpty { outcome.steps.append(.removeContainers(dead)) }
        let inUse = Set(observed.containers.map(\.sandboxID))
        let stale = observed.sandboxes.dropFirst().filter { !$0.isReady && !inUse.contains($0.id) && removing.insert($0.id).inserted }
        if !stale.isEmpty { outcome.steps.append(.removeSandboxes(stale.map(\.id))) }
    }

    private func wake(at moment: Timestamp, _ outcome: inout Outcome) {
        outcome.wakeAt = outcome.wakeAt.map { min($0, moment) } ?? moment
    }
}
