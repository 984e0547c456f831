import ContainerRuntime
import CoreV1
import KubernetesClient

/// Reads from the runtime what it has of a pod. What was seen before and cannot have changed since is not asked for again.
struct RuntimeObserver: Sendable {
    var runtime: any RuntimeService
    var logs: LogPaths
    var time: TimeSource

    /// The runtime may add to what it says of an ended container for a moment, such as that the kernel killed it for want of memory.
    private static let endSettlesWithin: Duration = .seconds(10)

    /// - Throws: `ContainerRuntimeError` when the runtime cannot be asked.
    func observe(after before: ObservedPod) async throws -> ObservedPod {
        var result = ObservedPod(uid: before.uid, name: before.name, namespace: before.namespace)
        var sandboxFilter = CRIPodSandboxFilter()
        sandboxFilter.labelSelector = [RuntimeLabels.podUID: before.uid]
        var containerFilter = CRIContainerFilter()
        containerFilter.labelSelector = [RuntimeLabels.podUID: before.uid]
        async let sandboxes = runtime.listPodSandboxes(sandboxFilter)
        async let containers = runtime.listContainers(containerFilter)
        for sandbox in try await sandboxes {
            if let known = known(sandbox, before) {
                result.sandboxes.append(known)
            } else if let seen = try await self.sandbox(sandbox) {
                result.sandboxes.append(seen)
            }
        }
        for container in try await containers {
            if let known = known(container, before) {
                result.containers.append(known)
            } else if let seen = try await self.container(container) {
                result.containers.append(seen)
            }
        }
        result.sandboxes.sort { ($0.createdAt, $0.attempt) > ($1.createdAt, $1.attempt) }
        result.containers.sort { ($0.createdAt, $0.attempt) > ($1.createdAt, $1.attempt) }
        return result
    }

    /// A sandbox that is ready and has its addresses keeps both until it ends.
    private func known(_ sandbox: CRIPodSandbox, _ before: ObservedPod) -> ObservedSandbox? {
        guard sandbox.state == .sandboxReady, let known = before.sandboxes.first(where: { $0.id == sandbox.id }), known.isReady else { return nil }
        return known.usesHostNetwork || !known.addresses.isEmpty ? known : nil
    }

    /// Of a container that runs nothing changes until it ends; of one that has ended, nothing any more.
    private func known(_ container: CRIContainer, _ before: ObservedPod) -> ObservedContainer? {
        guard let known = before.containers.first(where: { $0.id == container.id }), known.state == RuntimeObserver.state(container.state) else {
            return nil
        }
        switch known.state {
        case .running: return known
        case .exited: return time.now.since(known.finishedAt) > RuntimeObserver.endSettlesWithin ? known : nil
        case .created, .unknown: return nil
        }
    }

    private static func state(_ state: CRIContainerState) -> ObservedContainer.State {
        switch state {
        case .containerCreated: .created
        case .containerRunning: .running
        case .containerExited: .exited
        default: .unknown
        }
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
        let state = RuntimeObserver.state(status.state)
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
