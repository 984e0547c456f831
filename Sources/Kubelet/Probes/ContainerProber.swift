import CoreV1
import KubernetesClient
import Synchronization

/// Runs the probes of one container instance for as long as it is wanted, and tells the verdict whenever it changes.
struct ContainerProber: Sendable {
    var action: ProbeAction
    var events: any EventSink
    var time: TimeSource
    var container: Container
    var containerID: String
    var startedAt: Timestamp
    /// The pod at present (its addresses and events may change).
    var pod: @Sendable () -> Pod
    var podIP: @Sendable () -> String
    var initial: ProbeVerdict
    /// Whether a failing startup or liveness probe still matters.
    var mayKill: @Sendable () -> Bool
    var report: @Sendable (ProbeVerdict) -> Void

    static func needed(_ container: Container) -> Bool {
        container.startupProbe != nil || container.livenessProbe != nil || container.readinessProbe != nil
    }

    /// The verdict on an instance before any probe has run.
    static func initialVerdict(_ container: Container) -> ProbeVerdict {
        ProbeVerdict(isStarted: container.startupProbe == nil, isReady: container.readinessProbe == nil)
    }

    /// Returns when cancelled, or when the container must be killed.
    func run() async {
        let board = Board(initial, report)
        do {
            if let probe = container.startupProbe, !initial.isStarted {
                guard try await startup(probe, board) else { return }
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                if let probe = container.livenessProbe { group.addTask { try await liveness(probe, board) } }
                if let probe = container.readinessProbe { group.addTask { try await readiness(probe, board) } }
                try await group.waitForAll()
            }
        } catch {
            // Cancelled: the container is gone or the pod is being stopped.
        }
    }

    private func startup(_ probe: Probe, _ board: Board) async throws -> Bool {
        var counter = ProbeCounter(kind: .startup, probe: probe)
        return try await loop(probe, .startup, &counter) { verdict in
            if verdict {
                board.change { $0.isStarted = true }
                return true
            }
            board.change { $0.mustDie = .startupProbe }
            return false
        }
    }

    private func liveness(_ probe: Probe, _ board: Board) async throws {
        var counter = ProbeCounter(kind: .liveness, probe: probe, initial: true)
        _ = try await loop(probe, .liveness, &counter) { verdict in
            if verdict || !mayKill() { return nil }
            board.change { $0.mustDie = .livenessProbe }
            return false
        }
    }

    private func readiness(_ probe: Probe, _ board: Board) async throws {
        var counter = ProbeCounter(kind: .readiness, probe: probe, initial: initial.isReady)
        _ = try await loop(probe, .readiness, &counter) { verdict in
            board.change { $0.isReady = verdict }
            return nil
        }
    }

    /// - Parameter decide: takes a changed verdict; not nil ends the loop with that.
    private func loop(_ probe: Probe, _ kind: ProbeKind, _ counter: inout ProbeCounter, _ decide: (Bool) -> Bool?) async throws -> Bool {
        let delay = Duration.seconds(Int64(max(0, probe.initialDelaySeconds ?? 0))) - time.now.since(startedAt)
        if delay > .zero { try await time.sleep(delay) }
        let period = Duration.seconds(Int64(max(1, probe.periodSeconds ?? 10)))
        // A container mostly becomes ready within moments: until its first good answer readiness is asked more often than the period says.
        var early: Duration? = kind == .readiness && delay <= .zero && counter.verdict != true ? .milliseconds(100) : nil
        while true {
            try Task.checkCancellation()
            let finding = try await action.run(probe, container, containerID: containerID, podIP: podIP())
            let decision = counter.take(finding).flatMap(decide)
            if early == nil { announce(finding, kind) }
            if let decision { return decision }
            if let pause = early, pause < period, counter.verdict != true {
                early = pause * 2
                try await time.sleep(pause)
            } else {
                early = nil
                try await time.sleep(period)
            }
        }
    }

    private func announce(_ finding: ProbeFinding, _ kind: ProbeKind) {
        switch finding {
        case .success: return
        case .failure(let text): events.warning(pod(), container.name, "Unhealthy", "\(kind.rawValue) probe failed: \(text)")
        case .unknown(let text):
            events.warning(pod(), container.name, "Unhealthy", "\(kind.rawValue) probe errored and resulted in unknown state: \(text)")
        }
    }

    /// The verdict as the container's probes write it together.
    private final class Board: Sendable {
        private let verdict: Mutex<ProbeVerdict>
        private let report: @Sendable (ProbeVerdict) -> Void

        init(_ initial: ProbeVerdict, _ report: @escaping @Sendable (ProbeVerdict) -> Void) {
            verdict = Mutex(initial)
            self.report = report
        }

        func change(_ body: (inout ProbeVerdict) -> Void) {
            let changed = verdict.withLock { verdict -> ProbeVerdict? in
                let before = verdict
                body(&verdict)
                return verdict == before ? nil : verdict
            }
            if let changed { report(changed) }
        }
    }
}
