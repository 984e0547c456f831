import ContainerRuntime
import CoreV1

/// Reads from the runtime what it has of a pod.
struct RuntimeObserver: Sendable {
    var runtime: any RuntimeService
    var logs: LogPaths

    /// - Throws: `ContainerRuntimeError` when the runtime cannot be asked.
    func observe(uid: String, name: String, namespace: String) async throws -> ObservedPod {
        var result = ObservedPod(uid: uid, name: name, namespace: namespace)
        var sandboxFilter = CRIPodSandboxFilter()
        sandboxFilter.labelSelector = [RuntimeLabels.podUID: uid]
        var containerFilter = CRIContainerFilter()
        containerFilter.labelSelector = [RuntimeLabels.podUID: uid]
        async let sandboxes = runtime.listPodSandboxes(sandboxFilter)
        async let containers = runtime.listContainers(containerFilter)
        for sandbox in try await sandboxes {
            if let seen = try await self.sandbox(sandbox) { result.sandboxes.append(seen) }
        }
        for container in try await containers {
            if let seen = try await self.container(container) { result.containers.append(seen) }
        }
        result.sandboxes.sort { ($0.createdAt, $0.attempt) > ($1.createdAt, $1.attempt) }
        result.containers.sort { ($0.createdAt, $0.attempt) > ($1.createdAt, $1.attempt) }
        return result
    }

    private func sandbox(_ sandbox: CRIPodSandbox) async throws -> ObservedSandbox? {
        do {
            let status = try await runtime.podSandboxStatus(sandbox.id, verbose: false).status
            var addresses: [String] = []
            if !status.network.ip.isEmpty { addresses = [status.network.ip] + status.network.additionalIps.map(\.ip) }
            return ObservedSandbox(
                id: sandbox.id, attempt: status.metadata.attempt, isReady: status.state == .sandboxReady,
                createdAt: Timestamp(nanoseconds: status.createdAt), addresses: addresses,
                usesHostNetwork: status.linux.namespaces.options.network == .node)
        } catch let error as ContainerRuntimeError where error.isNotFound {
            return nil
        }
    }

    private func container(_ container: CRIContainer) async throws -> ObservedContainer? {
        do {
            let status = try await runtime.containerStatus(container.id, verbose: false).status
            return observed(status, sandbox: container.podSandboxID)
        } catch let error as ContainerRuntimeError where error.isNotFound {
            return nil
        }
    }

    func observed(_ status: CRIContainerStatus, sandbox: String) -> ObservedContainer {
        let state: ObservedContainer.State =
            switch status.state {
            case .containerCreated: .created
            case .containerRunning: .running
            case .containerExited: .exited
            default: .unknown
            }
        let annotations = status.annotations
        var result = ObservedContainer(
            id: status.id, name: status.labels[RuntimeLabels.containerName] ?? status.metadata.name, sandboxID: sandbox,
            attempt: status.metadata.attempt, state: state)
        result.createdAt = Timestamp(nanoseconds: status.createdAt)
        result.startedAt = Timestamp(nanoseconds: status.startedAt)
        result.finishedAt = Timestamp(nanoseconds: status.finishedAt)
        result.exitCode = status.exitCode
        result.reason = status.reason
        result.message = status.message
        result.image = status.image.userSpecifiedImage.isEmpty ? status.image.image : status.image.userSpecifiedImage
        result.imageRef = status.imageRef
        result.hash = annotations[RuntimeAnnotations.containerHash]
        result.restartCount = annotations[RuntimeAnnotations.restartCount].flatMap { Int32($0) } ?? Int32(clamping: status.metadata.attempt)
        result.logPath = status.logPath
        result.gracePeriod = (annotations[RuntimeAnnotations.podDeletionGracePeriod] ?? annotations[RuntimeAnnotations.podTerminationGracePeriod])
            .flatMap { Int64($0) }
        if status.hasUser, status.user.hasLinux {
            let linux = status.user.linux
            result.user = ObservedUser(uid: linux.uid, gid: linux.gid, supplementalGroups: linux.supplementalGroups)
        }
        if state == .exited {
            let message = TerminationMessage.read(status)
            if !message.isEmpty { result.message = message }
        }
        return result
    }
}
