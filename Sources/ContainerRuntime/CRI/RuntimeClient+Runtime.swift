import GRPCCore
import SwiftProtobuf

extension RuntimeClient: RuntimeService {
    private var stub: CRIRuntimeService.Client<Transport> { CRIRuntimeService.Client(wrapping: client) }

    package func version() async throws -> CRIVersionResponse {
        try await call("Version", timeout: timeouts.standard) { try await stub.version(.with { $0.version = "v1" }, options: $0) }
    }

    /// Returns when there is a connection and the runtime answers on it.
    package func waitUntilConnected() async throws {
        _ = try await call("Version", timeout: nil) { options in
            var options = options
            options.waitForReady = true
            return try await stub.version(.with { $0.version = "v1" }, options: options)
        }
    }

    package func status(verbose: Bool) async throws -> CRIStatusResponse {
        try await call("Status", timeout: timeouts.standard) { try await stub.status(.with { $0.verbose = verbose }, options: $0) }
    }

    package func runtimeConfig() async throws -> CRIRuntimeConfigResponse {
        try await call("RuntimeConfig", timeout: timeouts.standard) { try await stub.runtimeConfig(.init(), options: $0) }
    }

    package func updateRuntimeConfig(podCIDR: String) async throws {
        let request = CRIUpdateRuntimeConfigRequest.with { $0.runtimeConfig.networkConfig.podCidr = podCIDR }
        _ = try await call("UpdateRuntimeConfig", timeout: timeouts.standard) { try await stub.updateRuntimeConfig(request, options: $0) }
    }

    package func runPodSandbox(_ config: CRIPodSandboxConfig, runtimeHandler: String) async throws -> String {
        let request = CRIRunPodSandboxRequest.with {
            $0.config = config
            $0.runtimeHandler = runtimeHandler
        }
        let name = "\(config.metadata.namespace)/\(config.metadata.name)"
        return try await call("RunPodSandbox", of: name, timeout: timeouts.sandbox) {
            try await stub.runPodSandbox(request, options: $0)
        }.podSandboxID
    }

    package func stopPodSandbox(_ id: String) async throws {
        _ = try await call("StopPodSandbox", of: id, timeout: timeouts.standard) {
            try await stub.stopPodSandbox(.with { $0.podSandboxID = id }, options: $0)
        }
    }

    package func removePodSandbox(_ id: String) async throws {
        _ = try await call("RemovePodSandbox", of: id, timeout: timeouts.standard) {
            try await stub.removePodSandbox(.with { $0.podSandboxID = id }, options: $0)
        }
    }

    package func podSandboxStatus(_ id: String, verbose: Bool) async throws -> CRIPodSandboxStatusResponse {
        let request = CRIPodSandboxStatusRequest.with {
            $0.podSandboxID = id
            $0.verbose = verbose
        }
        return try await call("PodSandboxStatus", of: id, timeout: timeouts.standard) {
            try await stub.podSandboxStatus(request, options: $0)
        }
    }

    package func listPodSandboxes(_ filter: CRIPodSandboxFilter?) async throws -> [CRIPodSandbox] {
        let request = CRIListPodSandboxRequest.with { if let filter { $0.filter = filter } }
        return try await call("ListPodSandbox", timeout: timeouts.standard) { try await stub.listPodSandbox(request, options: $0) }.items
    }

    package func createContainer(
        _ config: CRIContainerConfig, in sandbox: String, sandboxConfig: CRIPodSandboxConfig
    ) async throws -> String {
        let request = CRICreateContainerRequest.with {
            $0.podSandboxID = sandbox
            $0.config = config
            $0.sandboxConfig = sandboxConfig
        }
        return try await call("CreateContainer", of: "\(config.metadata.name) in sandbox \(sandbox)", timeout: timeouts.standard) {
            try await stub.createContainer(request, options: $0)
        }.containerID
    }

    package func startContainer(_ id: String) async throws {
        _ = try await call("StartContainer", of: id, timeout: timeouts.standard) {
            try await stub.startContainer(.with { $0.containerID = id }, options: $0)
        }
    }

    package func stopContainer(_ id: String, gracePeriod: Int64) async throws {
        let request = CRIStopContainerRequest.with {
            $0.containerID = id
            $0.timeout = gracePeriod
        }
        _ = try await call("StopContainer", of: id, timeout: timeouts.standard + .seconds(gracePeriod)) {
            try await stub.stopContainer(request, options: $0)
        }
    }

    package func removeContainer(_ id: String) async throws {
        _ = try await call("RemoveContainer", of: id, timeout: timeouts.standard) {
            try await stub.removeContainer(.with { $0.containerID = id }, options: $0)
        }
    }

    package func listContainers(_ filter: CRIContainerFilter?) async throws -> [CRIContainer] {
        let request = CRIListContainersRequest.with { if let filter { $0.filter = filter } }
        return try await call("ListContainers", timeout: timeouts.standard) { try await stub.listContainers(request, options: $0) }.containers
    }

    package func containerStatus(_ id: String, verbose: Bool) async throws -> CRIContainerStatusResponse {
        let request = CRIContainerStatusRequest.with {
            $0.containerID = id
            $0.verbose = verbose
        }
        return try await call("ContainerStatus", of: id, timeout: timeouts.standard) {
            try await stub.containerStatus(request, options: $0)
        }
    }

    package func updateContainerResources(
        _ id: String, linux: CRILinuxContainerResources, annotations: [String: String]
    ) async throws {
        let request = CRIUpdateContainerResourcesRequest.with {
            $0.containerID = id
            $0.linux = linux
            $0.annotations = annotations
        }
        _ = try await call("UpdateContainerResources", of: id, timeout: timeouts.standard) {
            try await stub.updateContainerResources(request, options: $0)
        }
    }

    package func reopenContainerLog(_ id: String) async throws {
        _ = try await call("ReopenContainerLog", of: id, timeout: timeouts.standard) {
            try await stub.reopenContainerLog(.with { $0.containerID = id }, options: $0)
        }
    }

    package func execSync(_ id: String, command: [String], timeout: Int64) async throws -> CRIExecSyncResponse {
        let request = CRIExecSyncRequest.with {
            $0.containerID = id
            $0.cmd = command
            $0.timeout = timeout
        }
        // The runtime keeps the command's own time; ours is there for a runtime that does not answer.
        let limit: Duration? = timeout > 0 ? timeouts.standard + .seconds(timeout) : nil
        return try await call("ExecSync", of: id, timeout: limit) { try await stub.execSync(request, options: $0) }
    }

    package func exec(_ request: CRIExecRequest) async throws -> String {
        try await call("Exec", of: request.containerID, timeout: timeouts.standard) { try await stub.exec(request, options: $0) }.url
    }

    package func attach(_ request: CRIAttachRequest) async throws -> String {
        try await call("Attach", of: request.containerID, timeout: timeouts.standard) { try await stub.attach(request, options: $0) }.url
    }

    package func portForward(_ request: CRIPortForwardRequest) async throws -> String {
        try await call("PortForward", of: request.podSandboxID, timeout: timeouts.standard) {
            try await stub.portForward(request, options: $0)
        }.url
    }

    package func containerStats(_ id: String) async throws -> CRIContainerStats {
        try await call("ContainerStats", of: id, timeout: timeouts.standard) {
            try await stub.containerStats(.with { $0.containerID = id }, options: $0)
        }.stats
    }

    package func listContainerStats(_ filter: CRIContainerStatsFilter?) async throws -> [CRIContainerStats] {
        let request = CRIListContainerStatsRequest.with { if let filter { $0.filter = filter } }
        return try await call("ListContainerStats", timeout: timeouts.standard) {
            try await stub.listContainerStats(request, options: $0)
        }.stats
    }

    package func podSandboxStats(_ id: String) async throws -> CRIPodSandboxStats {
        try await call("PodSandboxStats", of: id, timeout: timeouts.standard) {
            try await stub.podSandboxStats(.with { $0.podSandboxID = id }, options: $0)
        }.stats
    }

    package func listPodSandboxStats(_ filter: CRIPodSandboxStatsFilter?) async throws -> [CRIPodSandboxStats] {
        let request = CRIListPodSandboxStatsRequest.with { if let filter { $0.filter = filter } }
        return try await call("ListPodSandboxStats", timeout: timeouts.standard) {
            try await stub.listPodSandboxStats(request, options: $0)
        }.stats
    }
}
