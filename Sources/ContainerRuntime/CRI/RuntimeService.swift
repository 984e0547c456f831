/// A container runtime in the terms of the Kubernetes Container Runtime Interface: sandboxes (pods) and the containers in them.
///
/// The kubelet talks to this and not to gRPC, so that it can be run on a fake. Every method is safe to call from any task at any time
/// and throws ``ContainerRuntimeError``, save that a cancelled task throws `CancellationError`.
package protocol RuntimeService: Sendable {
    func version() async throws -> CRIVersionResponse
    /// Conditions `RuntimeReady` and `NetworkReady` with reasons; `verbose` adds the runtime's own information.
    func status(verbose: Bool) async throws -> CRIStatusResponse
    /// What the runtime decides for the kubelet, such as the cgroup driver. Runtimes older than the call answer `isUnimplemented`.
    func runtimeConfig() async throws -> CRIRuntimeConfigResponse
    /// Hands the node's pod address range to the runtime.
    func updateRuntimeConfig(podCIDR: String) async throws

    /// Creates and starts a sandbox; returns its id. A failure leaves nothing that ``removePodSandbox(_:)`` could not clean up.
    func runPodSandbox(_ config: CRIPodSandboxConfig, runtimeHandler: String) async throws -> String
    /// Stops every process of the sandbox and takes its network away. Succeeds when it is stopped or gone already.
    func stopPodSandbox(_ id: String) async throws
    /// Removes the sandbox and its containers. Succeeds when it is gone already.
    func removePodSandbox(_ id: String) async throws
    func podSandboxStatus(_ id: String, verbose: Bool) async throws -> CRIPodSandboxStatusResponse
    /// Sandboxes that pass the filter; nil lists all.
    func listPodSandboxes(_ filter: CRIPodSandboxFilter?) async throws -> [CRIPodSandbox]

    /// Creates a container in a sandbox without starting it; returns its id.
    func createContainer(_ config: CRIContainerConfig, in sandbox: String, sandboxConfig: CRIPodSandboxConfig) async throws -> String
    func startContainer(_ id: String) async throws
    /// Sends the stop signal and, after `gracePeriod` whole seconds, kills. Returns when the container has stopped.
    func stopContainer(_ id: String, gracePeriod: Int64) async throws
    /// Removes a container, killing it if it runs. Succeeds when it is gone already.
    func removeContainer(_ id: String) async throws
    /// Containers that pass the filter; nil lists all.
    func listContainers(_ filter: CRIContainerFilter?) async throws -> [CRIContainer]
    func containerStatus(_ id: String, verbose: Bool) async throws -> CRIContainerStatusResponse
    func updateContainerResources(_ id: String, linux: CRILinuxContainerResources, annotations: [String: String]) async throws
    /// Tells the runtime that the container's log file was moved aside, so that it opens a new one.
    func reopenContainerLog(_ id: String) async throws

    /// Runs a command to its end. `timeout` in whole seconds, 0 for none; when it passes the error is `isDeadlineExceeded`.
    func execSync(_ id: String, command: [String], timeout: Int64) async throws -> CRIExecSyncResponse
    /// Prepares a streaming session; the answer is the address to connect to.
    func exec(_ request: CRIExecRequest) async throws -> String
    func attach(_ request: CRIAttachRequest) async throws -> String
    func portForward(_ request: CRIPortForwardRequest) async throws -> String

    func containerStats(_ id: String) async throws -> CRIContainerStats
    func listContainerStats(_ filter: CRIContainerStatsFilter?) async throws -> [CRIContainerStats]
    func podSandboxStats(_ id: String) async throws -> CRIPodSandboxStats
    func listPodSandboxStats(_ filter: CRIPodSandboxStatsFilter?) async throws -> [CRIPodSandboxStats]
}

/// The images of a container runtime. Safe to call from any task; errors as in ``RuntimeService``.
package protocol ImageService: Sendable {
    func listImages(_ filter: CRIImageFilter?) async throws -> [CRIImage]
    /// The image, or nil when the runtime does not have it.
    func imageStatus(_ image: CRIImageSpec) async throws -> CRIImage?
    /// Pulls an image and returns the reference (a digest or id) under which the runtime holds it. Cancelling the task ends the pull.
    func pullImage(_ image: CRIImageSpec, auth: CRIAuthConfig?, sandboxConfig: CRIPodSandboxConfig?) async throws -> String
    /// Removes an image. Succeeds when it is gone already.
    func removeImage(_ image: CRIImageSpec) async throws
    /// Use of the file systems that hold images (and containers).
    func imageFsInfo() async throws -> CRIImageFsInfoResponse
}
