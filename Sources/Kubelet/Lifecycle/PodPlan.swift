import CoreV1

/// Which of a pod's three lists a container stands in.
enum ContainerKind: Sendable, Equatable { case initialization, regular, ephemeral }

/// What a pod needs next. Computed from scratch each time by `PodPlanner`, so it never matters what was planned before.
struct PodPlan: Sendable, Equatable {
    struct Start: Sendable, Equatable {
        var name: String
        var kind: ContainerKind
        /// The end of the instance before, by which the back-off counts; nil for a first start.
        var after: Timestamp?
    }

    struct Kill: Sendable, Equatable {
        var containerID: String
        var name: String
        /// For the event, such as "Container web failed liveness probe".
        var message: String
        var cause: KillCause
        /// Whether the container is to be started again whatever the restart policy says of its exit code.
        var restart: Bool
    }

    struct BackingOff: Sendable, Equatable {
        var until: Timestamp
        var delay: Duration
        var containerID: String
    }

    /// Nothing is left that should run: stop the remaining containers (sidecars) and the sandbox.
    var stopsPod = false
    /// A sandbox must be made, with this attempt number, after what is left of older ones has been stopped.
    var newSandbox: UInt32?
    /// In the order in which they must be started, one after the other.
    var starts: [Start] = []
    var kills: [Kill] = []
    var backingOff: [String: BackingOff] = [:]
    /// When to look again although nothing happened.
    var nextCheck: Timestamp?

    mutating func check(at moment: Timestamp) {
        nextCheck = nextCheck.map { min($0, moment) } ?? moment
    }
}

/// Why a container is being stopped, as far as hooks and grace periods depend on it.
enum KillCause: Sendable, Equatable {
    case livenessProbe, startupProbe, imageChanged, unknownState, podKilled, postStartFailed
}

/// What the probes say of one container instance.
struct ProbeVerdict: Sendable, Equatable {
    /// The startup probe succeeded, or there is none.
    var isStarted: Bool
    var isReady: Bool
    /// A startup or liveness probe has failed often enough that the container must be killed.
    var mustDie: KillCause?

    static let unprobed = ProbeVerdict(isStarted: true, isReady: true)

    init(isStarted: Bool, isReady: Bool, mustDie: KillCause? = nil) {
        self.isStarted = isStarted
        self.isReady = isReady
        self.mustDie = mustDie
    }
}

/// A start that failed before the container existed: image, configuration, creation.
struct StartFailure: Sendable, Equatable {
    var reason: String
    var message: String
    var retryAt: Timestamp
}
