import ContainerRuntime
import CoreV1
import JSON
import KubernetesAPI
import KubernetesClient
import Linux
import Logging
import ServiceLifecycle
import Synchronization

/// Registers the node and keeps its status true.
final class NodeAgent: ServiceLifecycle.Service {
    private let configuration: KubeletConfiguration
    private let client: Client
    private let runtime: any RuntimeService
    private let images: any ImageService
    private let machine: MachineInfo
    private let resources: NodeResources
    private let time: TimeSource
    private let logger: Logger
    private let events: EventRecorder
    /// Further reasons for not being ready.
    private let otherProblems: @Sendable () -> [String]
    let runtimeHealth = RuntimeHealth()
    private let state: Mutex<State>

    private struct State {
        var node: Node?
        var addresses: [String]
        var runtimeVersion = ""
        var lastReport: Timestamp = .zero
        var wasReady = false
    }

    /// Until the node is ready its status is looked at this often, so that it becomes ready without delay.
    private static let eagerInterval: Duration = .milliseconds(200)

    init(
        configuration: KubeletConfiguration, client: Client, runtime: any RuntimeService, images: any ImageService, machine: MachineInfo,
        resources: NodeResources, events: EventRecorder, time: TimeSource, logger: Logger, otherProblems: @escaping @Sendable () -> [String]
    ) {
        self.configuration = configuration
        self.client = client
        self.runtime = runtime
        self.images = images
        self.machine = machine
        self.resources = resources
        self.events = events
        self.time = time
        self.logger = logger
        self.otherProblems = otherProblems
        state = Mutex(State(node: nil, addresses: configuration.nodeIPs.isEmpty ? NodeAddresses.detect() : configuration.nodeIPs))
    }

    /// The node as the API last had it.
    var node: Node? { state.withLock { $0.node } }

    var facts: NodeFacts {
        let (node, addresses) = state.withLock { ($0.node, $0.addresses) }
        let allocatable = node?.status.allocatable ?? [:]
        return NodeFacts(
            name: configuration.nodeName, addresses: addresses, allocatable: allocatable.isEmpty ? resources.allocatable : allocatable,
            memoryCapacity: machine.memory)
    }

    func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            do {
                let version = try? await runtime.version()
                if let version { state.withLock { $0.runtimeVersion = "\(version.runtimeName)://\(version.runtimeVersion)" } }
                try await register()
                announceStart()
                while true {
                    let isReady = try await update()
                    try await time.sleep(isReady ? configuration.nodeStatusUpdateFrequency : NodeAgent.eagerInterval)
                }
            } catch {
                // Only cancellation ends the loop.
            }
        }
    }

    // MARK: Registration

    private func register() async throws {
        var delay = RetryDelay(first: .milliseconds(100), longest: .seconds(7))
        while true {
            do {
                let node = try await registerOnce()
                state.withLock { $0.node = node }
                return
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                logger.warning("the node could not be registered", metadata: ["node": "\(configuration.nodeName)", "error": "\(error)"])
                let now = time.now
                delay.failed(now)
                try await time.sleep(delay.readyAt.since(now))
            }
        }
    }

    private func registerOnce() async throws -> Node {
        let labels = NodeStatusBuilder.labels(configuration, machine)
        do {
            let present = try await client.get(Node.self, configuration.nodeName)
            let missing = labels.filter { present.metadata.labels[$0.key] != $0.value }
            if missing.isEmpty { return present }
            let changes = JSONValue.object(JSONObject(uniqueEntries: missing.map { ($0.key, .string($0.value)) }))
            return try await client.patch(Node.self, configuration.nodeName, .merge(["metadata": ["labels": changes]]))
        } catch let error as APIStatusError where error.isNotFound {
            guard configuration.registerNode else { throw error }
        }
        let status = await measuredStatus(NodeStatus())
        let node = Node {
            $0.metadata.name = configuration.nodeName
            $0.metadata.labels = labels
            $0.metadata.annotations = ["volumes.kubernetes.io/controller-managed-attach-detach": "true"]
            if !configuration.providerID.isEmpty { $0.spec.providerID = configuration.providerID }
            $0.spec.taints = configuration.registerWithTaints.map { taint in
                Taint {
                    $0.key = taint.key
                    $0.value = taint.value.isEmpty ? nil : taint.value
                    $0.effect = taint.effect
                }
            }
            $0.status = status
        }
        do {
            let created = try await client.create(node)
            logger.info("node registered", metadata: ["node": "\(configuration.nodeName)"])
            return created
        } catch let error as APIStatusError where error.isAlreadyExists {
            return try await client.get(Node.self, configuration.nodeName)
        }
    }

    private func announceStart() {
        guard let node = state.withLock({ $0.node }) else { return }
        events.event(node, type: "Normal", reason: "Starting", message: "Starting kubelet.")
    }

    // MARK: Status

    /// - Returns: whether the node is ready.
    private func update() async throws -> Bool {
        if state.withLock({ $0.runtimeVersion.isEmpty }), let version = try? await runtime.version() {
            state.withLock { $0.runtimeVersion = "\(version.runtimeName)://\(version.runtimeVersion)" }
        }
        if configuration.nodeIPs.isEmpty {
            let addresses = NodeAddresses.detect()
            if !addresses.isEmpty { state.withLock { $0.addresses = addresses } }
        }
        do {
            guard var node = state.withLock({ $0.node }) else { return false }
            var status = await measuredStatus(node.status)
            if NodeStatusPatch.isWorthReporting(node.status, status)
                || time.now.since(state.withLock { $0.lastReport }) >= configuration.nodeStatusReportFrequency
            {
                // Others write to the node as well (extended resources): take theirs in before writing ours.
                node = try await client.get(Node.self, configuration.nodeName)
                status = await measuredStatus(node.status)
                node = try await client.patch(
                    Node.self, configuration.nodeName, .strategic(NodeStatusPatch.make(node.status, to: status)), subresource: "status")
                state.withLock { state in
                    state.node = node
                    state.lastReport = time.now
                }
            }
            let isReady = status.conditions.contains { $0.type == "Ready" && $0.status == "True" }
            announce(isReady, node)
            return isReady
        } catch is CancellationError {
            throw CancellationError()
        } catch let error as APIStatusError where error.isNotFound {
            logger.warning("the node is gone from the API, registering it anew", metadata: ["node": "\(configuration.nodeName)"])
            try await register()
            return false
        } catch {
            logger.warning("the node's status was not written", metadata: ["node": "\(configuration.nodeName)", "error": "\(error)"])
            // Not ready in the sense of the pace only: without an API server there is no hurry.
            try await time.sleep(.seconds(1))
            return false
        }
    }

    private func announce(_ isReady: Bool, _ node: Node) {
        let was = state.withLock { state in
            defer { state.wasReady = isReady }
            return state.wasReady
        }
        guard isReady != was else { return }
        let reason = isReady ? "NodeReady" : "NodeNotReady"
        events.event(node, type: "Normal", reason: reason, message: "Node \(configuration.nodeName) status is now: \(reason)")
        logger.info("node readiness changed", metadata: ["node": "\(configuration.nodeName)", "ready": "\(isReady)"])
    }

    private func measuredStatus(_ before: NodeStatus) async -> NodeStatus {
        let report = await runtimeHealth.check(runtime)
        var health = NodeHealth()
        health.problems = [report.runtimeProblem, report.networkProblem].compactMap { $0 } + otherProblems()
        health.diskPressure = DiskUse.of(configuration.rootDirectory)?.isUnderPressure ?? false
        health.memoryPressure = Self.availableMemory() < (Quantity(configuration.evictionHardMemory)?.value ?? 0)
        let (addresses, runtimeVersion) = state.withLock { ($0.addresses, $0.runtimeVersion) }
        if addresses.isEmpty { health.problems.append("no address of this node was found: give one with --node-ip, or bring a network interface up") }
        return NodeStatusBuilder(
            configuration: configuration, machine: machine, resources: resources, addresses: addresses, health: health, images: await imageList(),
            runtimeVersion: runtimeVersion, now: time.now.time
        ).status(before: before)
    }

    private static func availableMemory() -> Int64 {
        let values = MachineInfo.keyValues((try? Files.readText("/proc/meminfo")) ?? "")
        let kilobytes = values["MemAvailable"]?.split(separator: " ").first.flatMap { Int64($0) }
        return kilobytes.map { $0.multipliedReportingOverflow(by: 1024).partialValue } ?? .max
    }

    /// The largest images first, with at most five names each.
    private func imageList() async -> [ContainerImage] {
        let found = (try? await images.listImages(nil)) ?? []
        return found.sorted { ($0.size, $1.id) > ($1.size, $0.id) }.prefix(configuration.nodeStatusMaxImages).map { image in
            ContainerImage {
                $0.names = Array((image.repoDigests + image.repoTags).prefix(5))
                $0.sizeBytes = Int64(clamping: image.size)
            }
        }
    }
}
