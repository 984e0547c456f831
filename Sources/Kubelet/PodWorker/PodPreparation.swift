import ContainerRuntime
import CoreV1
import KubernetesClient
import Linux
import Logging

/// What a pod needs on the node around its containers: cgroup, folders, volumes; and their removal.
struct PodPreparation: Sendable {
    var services: NodeServices
    var pod: Pod
    var observed: ObservedPod

    func prepare() async -> StepResult {
        do {
            try Files.makeDirectory(services.configuration.podDirectory(pod.uid), mode: 0o750)
            _ = try services.cgroups.preparePod(pod)
        } catch {
            services.events.warning(pod, nil, "FailedCreatePodContainer", "unable to ensure pod container exists: \(error)")
            return .failed("\(error)")
        }
        do {
            try await services.volumes.setUp(pod, payload)
            return .done
        } catch is CancellationError {
            return .cancelled
        } catch {
            services.events.warning(pod, nil, "FailedMount", "\(error)")
            return .failed("\(error)")
        }
    }

    func refresh() async {
        await services.volumes.refresh(pod, payload)
    }

    private var payload: VolumePayload {
        services.payload(pod, podIPs: pod.usesHostNetwork ? services.node().addresses : observed.sandboxes.first?.addresses ?? [])
    }

    func tearDown() -> StepResult {
        do {
            try services.volumes.tearDown(uid: pod.uid)
            guard try services.cgroups.removePod(pod.uid) else { return .failed("processes in the pod's cgroup have not ended yet") }
            return .done
        } catch {
            services.logger.warning("pod not torn down", metadata: ["pod": "\(pod.key)", "error": "\(error)"])
            return .failed("\(error)")
        }
    }

    func cleanUp() async -> StepResult {
        do {
            for container in observed.containers { try await services.runtime.removeContainer(container.id) }
            for sandbox in observed.sandboxes { try await services.runtime.removePodSandbox(sandbox.id) }
            try services.volumes.removePodFolder(uid: pod.uid)
            try Files.removeTree(LogPaths(root: services.configuration.podLogsDir).pod(pod))
            return .done
        } catch {
            services.logger.warning("pod not cleaned up", metadata: ["pod": "\(pod.key)", "error": "\(error)"])
            return .failed("\(error)")
        }
    }
}
