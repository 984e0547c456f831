import ContainerRuntime
import CoreV1
import KubernetesClient
import Linux
import NodeV1

/// Makes a pod's sandbox, after what is left of older ones has been stopped.
struct SandboxMaker: Sendable {
    var services: NodeServices
    var pod: Pod
    var observed: ObservedPod

    /// - Throws: `CancellationError`.
    func make(attempt: UInt32) async throws -> StepResult {
        if !pod.usesHostNetwork, let problem = services.networkProblem() {
            services.events.warning(pod, nil, "NetworkNotReady", "network is not ready: \(problem)")
            return .failed("network is not ready: \(problem)")
        }
        if attempt > 0 {
            services.events.normal(pod, nil, "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.")
            await PodStopper(services: services, pod: pod, observed: observed).stop(graceSeconds: pod.gracePeriodSeconds, message: nil)
        }
        let config = SandboxConfigBuilder(
            configuration: services.configuration, pod: pod, attempt: attempt, cgroupParent: services.cgroups.parent(pod),
            hostResolver: services.hostResolver
        ).build()
        do {
            let handler = try await runtimeHandler()
            try Files.makeDirectory(config.logDirectory, mode: 0o755)
            _ = try await services.runtime.runPodSandbox(config, runtimeHandler: handler)
            return .done
        } catch let error as APIStatusError {
            let message = "Failed to create pod sandbox: failed to get sandbox runtime: \(error.message)"
            services.events.warning(pod, nil, "FailedCreatePodSandBox", message)
            return .failed(message)
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            let message = "Failed to create pod sandbox: \(ImageManager.words(error))"
            services.events.warning(pod, nil, "FailedCreatePodSandBox", message)
            return .failed(message)
        }
    }

    /// What the pod's RuntimeClass names; "" is the runtime's default.
    private func runtimeHandler() async throws -> String {
        guard let name = pod.spec.runtimeClassName, !name.isEmpty else { return "" }
        return try await services.client.get(RuntimeClass.self, name).handler
    }
}
