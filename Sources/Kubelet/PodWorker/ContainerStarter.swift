import ContainerRuntime
import CoreV1
import KubernetesClient
import Linux
import Logging

/// Brings one container from nothing to running: image, configuration, creation, start, hook.
struct ContainerStarter: Sendable {
    var services: NodeServices
    var pod: Pod
    var observed: ObservedPod
    var sandbox: ObservedSandbox

    /// Pause before a container whose configuration could not be made is tried again.
    private static let configurationRetry: Duration = .seconds(3)
    private static let creationRetry: Duration = .seconds(10)

    /// - Returns: nil when the container runs, else why it does not.
    /// - Throws: only `CancellationError`.
    func start(_ container: Container, _ kind: ContainerKind) async throws -> StartFailure? {
        let sandboxConfig = sandboxConfig()
        let image: ImageManager.Found
        switch try await services.images.ensure(pod, container, credentials: await credentials(), sandbox: sandboxConfig) {
        case .ready(let found): image = found
        case .failed(let failure): return failure
        }
        let config: CRIContainerConfig
        do {
            config = try await configure(container, kind, image)
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            let message = (error as? APIStatusError)?.message ?? "\(error)"
            return fail(container, "CreateContainerConfigError", message, event: "Error: \(message)", ContainerStarter.configurationRetry)
        }
        return try await create(container, config, sandboxConfig)
    }

    private func create(_ container: Container, _ config: CRIContainerConfig, _ sandboxConfig: CRIPodSandboxConfig) async throws -> StartFailure? {
        let id: String
        do {
            // The runtime does not make the container's log folder.
            try Files.makeDirectory(sandboxConfig.logDirectory + "/" + container.name, mode: 0o755)
            id = try await services.runtime.createContainer(config, in: sandbox.id, sandboxConfig: sandboxConfig)
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            let message = (error as? ContainerRuntimeError)?.message ?? "\(error)"
            return fail(container, "CreateContainerError", message, event: "Error: \(message)", ContainerStarter.creationRetry)
        }
        services.events.normal(pod, container.name, "Created", "Container created")
        do {
            try await services.runtime.startContainer(id)
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            let message = (error as? ContainerRuntimeError)?.message ?? "\(error)"
            return fail(container, "RunContainerError", message, event: "Error: \(message)", .zero)
        }
        services.events.normal(pod, container.name, "Started", "Container started")
        return try await runPostStart(container, id)
    }

    private func runPostStart(_ container: Container, _ id: String) async throws -> StartFailure? {
        guard let hook = container.lifecycle?.postStart else { return nil }
        do {
            try await services.hooks.run(hook, container, containerID: id, podIP: sandbox.addresses.first ?? services.node().addresses.first ?? "")
            return nil
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            services.events.warning(pod, container.name, "FailedPostStartHook", "PostStartHook failed")
            services.logger.info(
                "postStart hook failed", metadata: ["pod": "\(pod.key)", "container": "\(container.name)", "error": "\(error)"])
            await ContainerStopper(services: services, pod: pod, podIP: sandbox.addresses.first ?? "")
                .stop(id: id, name: container.name, message: "FailedPostStartHook", cause: .postStartFailed, graceSeconds: pod.gracePeriodSeconds)
            return fail(container, "PostStartHookError", "\(error)", event: nil, .zero)
        }
    }

    private func fail(_ container: Container, _ reason: String, _ message: String, event: String?, _ retry: Duration) -> StartFailure {
        if let event { services.events.warning(pod, container.name, "Failed", event) }
        return StartFailure(reason: reason, message: message, retryAt: services.time.now + retry)
    }

    // MARK: Configuration

    func sandboxConfig() -> CRIPodSandboxConfig {
        SandboxConfigBuilder(
            configuration: services.configuration, pod: pod, attempt: sandbox.attempt, cgroupParent: services.cgroups.parent(pod),
            hostResolver: services.hostResolver
        ).build()
    }

    private func configure(_ container: Container, _ kind: ContainerKind, _ image: ImageManager.Found) async throws -> CRIContainerConfig {
        let node = services.node()
        let podIPs = pod.usesHostNetwork ? node.addresses : sandbox.addresses
        let configuration = services.configuration
        let links = pod.spec.enableServiceLinks ?? configuration.enableServiceLinks
        let environment = try await EnvironmentBuilder(
            pod: pod, container: container, node: node, podIPs: podIPs,
            serviceVariables: ServiceVariables.variables(services.clusterServices(), namespace: pod.namespace, links: links),
            objects: services.objects
        ).build()
        let mounts = try ContainerMounts(
            configuration: configuration, volumes: services.volumes, pod: pod, container: container, environment: environment
        ).build(hostsFile: try writeHostsFile(podIPs))
        var targetID: String?
        if kind == .ephemeral, let target = pod.spec.ephemeralContainers.first(where: { $0.name == container.name })?.targetContainerName,
            !target.isEmpty
        {
            guard let found = observed.newest(target), found.state == .running else {
                throw KubeletError("unable to find target container \(target)")
            }
            targetID = found.id
        }
        let security = try SecurityContexts(
            pod: pod, seccompDefault: configuration.seccompDefault, seccompDirectory: configuration.rootDirectory + "/seccomp"
        ).container(container, image: image.user, targetID: targetID)
        return ContainerConfigBuilder(
            configuration: configuration, pod: pod, container: container, kind: kind, restartCount: restartCount(container),
            imageRef: image.reference,
            environment: environment, mounts: mounts, securityContext: security, memoryCapacity: node.memoryCapacity,
            oomScoreFloor: services.oomScoreFloor
        ).build()
    }

    private func restartCount(_ container: Container) -> Int32 {
        if let newest = observed.newest(container.name) { return newest.restartCount < .max ? newest.restartCount + 1 : .max }
        // Without an instance the logs still know of earlier ones, so that their files are not written over.
        return LogPaths(root: services.configuration.podLogsDir).nextRestartCount(pod, container: container.name)
    }

    private func writeHostsFile(_ podIPs: [String]) throws -> String? {
        guard !podIPs.isEmpty else { return nil }
        let path = services.configuration.podDirectory(pod.uid) + "/etc-hosts"
        let (hostname, domain) = PodHostname.of(pod, nodeName: services.configuration.nodeName, clusterDomain: services.configuration.clusterDomain)
        let hostFile = pod.usesHostNetwork ? (try? Files.readText("/etc/hosts")) ?? "" : ""
        let text = HostsFile.content(pod, addresses: podIPs, hostname: hostname, domain: domain, hostFile: hostFile)
        // Rewritten in place: running containers have this very file mounted.
        if (try? Files.read(path)) != Array(text.utf8) { try Files.write(path, Array(text.utf8), mode: 0o644) }
        return path
    }

    private func credentials() async -> PullCredentials {
        var credentials = PullCredentials()
        for reference in pod.spec.imagePullSecrets {
            guard let name = reference.name, !name.isEmpty else { continue }
            do {
                try credentials.add(try await services.objects.secret(name, namespace: pod.namespace))
            } catch {
                services.events.warning(
                    pod, nil, "FailedToRetrieveImagePullSecret",
                    "Unable to retrieve some image pull secrets (\(name)); attempting to pull the image may not succeed.")
            }
        }
        return credentials
    }
}
