import ContainerRuntime
import GRPCCore
import KubernetesClient
import Synchronization

/// A container runtime that only remembers: sandboxes and containers are entries in a table, and a test decides when they end.
final class FakeRuntime: RuntimeService, ImageService, RuntimeEvents {
    struct Sandbox {
        var config: CRIPodSandboxConfig
        var isReady = true
        var createdAt: Int64
    }

    struct Container {
        var config: CRIContainerConfig
        var sandbox: String
        var state = CRIContainerState.containerCreated
        var createdAt: Int64
        var startedAt: Int64 = 0
        var finishedAt: Int64 = 0
        var exitCode: Int32 = 0
    }

    struct State {
        var sandboxes: [String: Sandbox] = [:]
        var containers: [String: Container] = [:]
        var images: Set<String> = []
        var calls: [String] = []
        /// Statuses, and lists for one pod, that were asked for.
        var questions: [String] = []
        var nextID = 0
        var listeners: [AsyncStream<RuntimeEvent>.Continuation] = []
        /// What pulls of an image answer.
        var pullErrors: [String: String] = [:]
        /// What commands run in containers answer, by the command's first word.
        var exitCodes: [String: Int32] = [:]
    }

    private let state = Mutex(State())
    private let time: TimeSource

    init(time: TimeSource = .system) { self.time = time }

    private var now: Int64 { time.wallMicroseconds() * 1000 }

    // MARK: For tests

    func change<T>(_ body: (inout sending State) -> sending T) -> sending T { state.withLock { body(&$0) } }

    var calls: [String] { state.withLock { $0.calls } }

    /// The newest container of this name that runs.
    func running(_ name: String) -> String? {
        state.withLock { state in
            state.containers.filter { $0.value.config.metadata.name == name && $0.value.state == .containerRunning }.max { $0.key < $1.key }?.key
        }
    }

    func exit(_ id: String, code: Int32) {
        let now = now
        let listeners = state.withLock { state in
            state.containers[id]?.state = .containerExited
            state.containers[id]?.exitCode = code
            state.containers[id]?.finishedAt = now
            return state.listeners
        }
        for listener in listeners { listener.yield(.exited(id: id, exitStatus: UInt32(bitPattern: code), exitedAt: now)) }
    }

    private func id(_ prefix: String, _ state: inout State) -> String {
        state.nextID += 1
        return "\(prefix)-\(state.nextID + 1000)"
    }

    private func missing(_ rpc: String, _ subject: String) -> ContainerRuntimeError {
        ContainerRuntimeError(rpc: rpc, subject: subject, code: .notFound, message: "\(subject) not found")
    }

    private func unimplemented(_ rpc: String) -> ContainerRuntimeError {
        ContainerRuntimeError(rpc: rpc, subject: "", code: .unimplemented, message: "the fake runtime has no \(rpc)")
    }

    // MARK: RuntimeService

    func version() async throws -> CRIVersionResponse {
        .make {
            $0.runtimeName = "fake"
            $0.runtimeVersion = "1"
        }
    }

    func status(verbose: Bool) async throws -> CRIStatusResponse {
        .make { answer in
            answer.status.conditions = ["RuntimeReady", "NetworkReady"].map { type in
                .make {
                    $0.type = type
                    $0.status = true
                }
            }
        }
    }

    func runtimeConfig() async throws -> CRIRuntimeConfigResponse { throw unimplemented("RuntimeConfig") }
    func updateRuntimeConfig(podCIDR: String) async throws {}

    func runPodSandbox(_ config: CRIPodSandboxConfig, runtimeHandler: String) async throws -> String {
        let now = now
        return state.withLock { state in
            let id = id("sandbox", &state)
            state.sandboxes[id] = Sandbox(config: config, createdAt: now)
            state.calls.append("RunPodSandbox \(config.metadata.name) \(config.metadata.attempt)")
            return id
        }
    }

    func stopPodSandbox(_ id: String) async throws {
        state.withLock { state in
            state.sandboxes[id]?.isReady = false
            state.calls.append("StopPodSandbox")
        }
    }

    func removePodSandbox(_ id: String) async throws {
        state.withLock { state in
            state.sandboxes[id] = nil
            state.containers = state.containers.filter { $0.value.sandbox != id }
            state.calls.append("RemovePodSandbox")
        }
    }

    func podSandboxStatus(_ id: String, verbose: Bool) async throws -> CRIPodSandboxStatusResponse {
        state.withLock { $0.questions.append("PodSandboxStatus") }
        guard let sandbox = state.withLock({ $0.sandboxes[id] }) else { throw missing("PodSandboxStatus", id) }
        return .make { answer in
            answer.status.id = id
            answer.status.metadata = sandbox.config.metadata
            answer.status.state = sandbox.isReady ? .sandboxReady : .sandboxNotready
            answer.status.createdAt = sandbox.createdAt
            answer.status.network.ip = "10.1.0.9"
            answer.status.linux.namespaces.options = sandbox.config.linux.securityContext.namespaceOptions
            answer.status.labels = sandbox.config.labels
        }
    }

    func listPodSandboxes(_ filter: CRIPodSandboxFilter?) async throws -> [CRIPodSandbox] {
        if filter != nil { state.withLock { $0.questions.append("ListPodSandbox") } }
        let all = state.withLock { $0.sandboxes }
        return all.filter { matches($0.value.config.labels, filter?.labelSelector) }.map { id, sandbox in
            .make {
                $0.id = id
                $0.metadata = sandbox.config.metadata
                $0.state = sandbox.isReady ? .sandboxReady : .sandboxNotready
                $0.createdAt = sandbox.createdAt
                $0.labels = sandbox.config.labels
            }
        }
    }

    private func matches(_ labels: [String: String], _ selector: [String: String]?) -> Bool {
        (selector ?? [:]).allSatisfy { labels[$0.key] == $0.value }
    }

    func createContainer(_ config: CRIContainerConfig, in sandbox: String, sandboxConfig: CRIPodSandboxConfig) async throws -> String {
        let now = now
        return state.withLock { state in
            let id = id("container", &state)
            state.containers[id] = Container(config: config, sandbox: sandbox, createdAt: now)
            state.calls.append("CreateContainer \(config.metadata.name) \(config.metadata.attempt)")
            return id
        }
    }

    func startContainer(_ id: String) async throws {
        let now = now
        let listeners = state.withLock { state in
            state.containers[id]?.state = .containerRunning
            state.containers[id]?.startedAt = now
            state.calls.append("StartContainer \(state.containers[id]?.config.metadata.name ?? "")")
            return state.listeners
        }
        for listener in listeners { listener.yield(.started(id: id, pid: 1)) }
    }

    func stopContainer(_ id: String, gracePeriod: Int64) async throws {
        let name = state.withLock { state in
            let name = state.containers[id]?.config.metadata.name ?? ""
            state.calls.append("StopContainer \(name) \(gracePeriod)")
            return state.containers[id]?.state == .containerRunning ? name : nil
        }
        if name != nil { exit(id, code: 137) }
    }

    func removeContainer(_ id: String) async throws {
        state.withLock { state in
            state.containers[id] = nil
            state.calls.append("RemoveContainer")
        }
    }

    func listContainers(_ filter: CRIContainerFilter?) async throws -> [CRIContainer] {
        if filter != nil { state.withLock { $0.questions.append("ListContainers") } }
        let all = state.withLock { $0.containers }
        return all.filter { matches($0.value.config.labels, filter?.labelSelector) }.map { id, container in
            .make {
                $0.id = id
                $0.podSandboxID = container.sandbox
                $0.metadata = container.config.metadata
                $0.state = container.state
                $0.createdAt = container.createdAt
                $0.labels = container.config.labels
                $0.annotations = container.config.annotations
            }
        }
    }

    func containerStatus(_ id: String, verbose: Bool) async throws -> CRIContainerStatusResponse {
        state.withLock { $0.questions.append("ContainerStatus") }
        guard let container = state.withLock({ $0.containers[id] }) else { throw missing("ContainerStatus", id) }
        return .make { answer in
            answer.status.id = id
            answer.status.metadata = container.config.metadata
            answer.status.state = container.state
            answer.status.createdAt = container.createdAt
            answer.status.startedAt = container.startedAt
            answer.status.finishedAt = container.finishedAt
            answer.status.exitCode = container.exitCode
            answer.status.image = container.config.image
            answer.status.imageRef = "sha256:0"
            answer.status.labels = container.config.labels
            answer.status.annotations = container.config.annotations
            answer.status.mounts = container.config.mounts
        }
    }

    func updateContainerResources(_ id: String, linux: CRILinuxContainerResources, annotations: [String: String]) async throws {
        throw unimplemented("UpdateContainerResources")
    }

    func reopenContainerLog(_ id: String) async throws {}

    func execSync(_ id: String, command: [String], timeout: Int64) async throws -> CRIExecSyncResponse {
        let code = state.withLock { $0.exitCodes[command.first ?? ""] ?? 0 }
        return .make { $0.exitCode = code }
    }

    func exec(_ request: CRIExecRequest) async throws -> String { throw unimplemented("Exec") }
    func attach(_ request: CRIAttachRequest) async throws -> String { throw unimplemented("Attach") }
    func portForward(_ request: CRIPortForwardRequest) async throws -> String { throw unimplemented("PortForward") }
    func containerStats(_ id: String) async throws -> CRIContainerStats { throw unimplemented("ContainerStats") }
    func listContainerStats(_ filter: CRIContainerStatsFilter?) async throws -> [CRIContainerStats] { [] }
    func podSandboxStats(_ id: String) async throws -> CRIPodSandboxStats { throw unimplemented("PodSandboxStats") }
    func listPodSandboxStats(_ filter: CRIPodSandboxStatsFilter?) async throws -> [CRIPodSandboxStats] { [] }

    // MARK: ImageService

    func listImages(_ filter: CRIImageFilter?) async throws -> [CRIImage] { [] }

    func imageStatus(_ image: CRIImageSpec) async throws -> CRIImage? {
        guard state.withLock({ $0.images.contains(image.image) }) else { return nil }
        return .make { $0.id = image.image }
    }

    func pullImage(_ image: CRIImageSpec, auth: CRIAuthConfig?, sandboxConfig: CRIPodSandboxConfig?) async throws -> String {
        let problem = state.withLock { state in
            state.calls.append("PullImage \(image.image)")
            if state.pullErrors[image.image] == nil { state.images.insert(image.image) }
            return state.pullErrors[image.image]
        }
        if let problem { throw ContainerRuntimeError(rpc: "PullImage", subject: image.image, code: .notFound, message: problem) }
        return image.image
    }

    func removeImage(_ image: CRIImageSpec) async throws {}
    func imageFsInfo() async throws -> CRIImageFsInfoResponse { throw unimplemented("ImageFsInfo") }

    // MARK: RuntimeEvents

    func listen(_ handle: @escaping @Sendable (RuntimeEvent) async -> Void) async {
        let (stream, post) = AsyncStream.makeStream(of: RuntimeEvent.self)
        state.withLock { $0.listeners.append(post) }
        await handle(.subscribed)
        for await event in stream { await handle(event) }
    }
}
