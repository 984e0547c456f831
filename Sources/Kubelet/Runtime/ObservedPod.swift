/// What the container runtime knows about one pod at one moment: the input of every decision and of the pod's status.
struct ObservedPod: Sendable, Equatable {
    var uid: String
    var name: String
    var namespace: String
    /// Newest first.
    var sandboxes: [ObservedSandbox] = []
    /// All instances of all containers, newest first.
    var containers: [ObservedContainer] = []

    init(uid: String, name: String, namespace: String) {
        self.uid = uid
        self.name = name
        self.namespace = namespace
    }

    /// The newest instance of a container.
    func newest(_ name: String) -> ObservedContainer? {
        containers.first { $0.name == name }
    }

    /// The instance before the newest one.
    func previous(_ name: String) -> ObservedContainer? {
        containers.lazy.filter { $0.name == name }.dropFirst().first
    }

    var running: [ObservedContainer] { containers.filter { $0.state == .running } }

    var readySandbox: ObservedSandbox? { sandboxes.first.flatMap { $0.isReady ? $0 : nil } }

    var isEmpty: Bool { sandboxes.isEmpty && containers.isEmpty }
}

struct ObservedSandbox: Sendable, Equatable {
    var id: String
    var attempt: UInt32
    var isReady: Bool
    var createdAt: Timestamp
    /// The pod's addresses, the primary one first; empty with the node's network.
    var addresses: [String]
    var usesHostNetwork: Bool
}

struct ObservedContainer: Sendable, Equatable {
    enum State: Sendable { case created, running, exited, unknown }

    var id: String
    var name: String
    var sandboxID: String
    var attempt: UInt32
    var state: State
    var createdAt: Timestamp = .zero
    var startedAt: Timestamp = .zero
    var finishedAt: Timestamp = .zero
    var exitCode: Int32 = 0
    /// The runtime's word on why it ended, such as "OOMKilled".
    var reason: String = ""
    /// The termination message, or the runtime's.
    var message: String = ""
    /// The image as the runtime names it, and the reference it resolved to.
    var image: String = ""
    var imageRef: String = ""
    /// Hash of the spec fields whose change needs a new container; nil if the container has none.
    var hash: String?
    var restartCount: Int32 = 0
    var logPath: String = ""
    /// Grace period written at creation, for a pod whose spec is no longer known. Seconds.
    var gracePeriod: Int64?
    var user: ObservedUser?

    init(id: String, name: String, sandboxID: String, attempt: UInt32, state: State) {
        self.id = id
        self.name = name
        self.sandboxID = sandboxID
        self.attempt = attempt
        self.state = state
    }
}

struct ObservedUser: Sendable, Equatable {
    var uid: Int64
    var gid: Int64
    var supplementalGroups: [Int64]
}
