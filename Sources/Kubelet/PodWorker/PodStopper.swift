import ContainerRuntime
import CoreV1
import KubernetesClient

/// Stops all containers of a pod and its sandboxes.
struct PodStopper: Sendable {
    var services: NodeServices
    var pod: Pod
    var observed: ObservedPod

    /// Regular containers stop together; sidecars follow when those are gone, the last one first; then the sandbox.
    @discardableResult
    func stop(graceSeconds: Int64, message: String?) async -> StepResult {
        let sidecars = pod.spec.initContainers.filter(RestartRules.isSidecar).map(\.name)
        let running = observed.running
        let deadline = services.time.uptime() + .seconds(graceSeconds)
        await stop(running.filter { !sidecars.contains($0.name) }, graceSeconds, message)
        for name in sidecars.reversed() {
            // Never more than the pod's grace in all, and never less than it takes to notice a signal.
            let left = max(graceSeconds == 0 ? 0 : 2, (deadline - services.time.uptime()).components.seconds)
            await stop(running.filter { $0.name == name }, left, message)
        }
        var problem: String?
        for sandbox in observed.sandboxes where sandbox.isReady {
            do {
                try await services.runtime.stopPodSandbox(sandbox.id)
            } catch {
                if (error as? ContainerRuntimeError)?.isNotFound == true { continue }
                problem = "failed to stop sandbox \(sandbox.id): \(ImageManager.words(error))"
                services.events.warning(pod, nil, "FailedKillPod", "error killing pod: \(problem ?? "")")
            }
        }
        return problem.map { .failed($0) } ?? .done
    }

    private func stop(_ containers: [ObservedContainer], _ graceSeconds: Int64, _ message: String?) async {
        let podIP = observed.sandboxes.first?.addresses.first ?? services.node().addresses.first ?? ""
        let stopper = ContainerStopper(services: services, pod: pod, podIP: podIP)
        await withTaskGroup(of: Void.self) { group in
            for container in containers {
                group.addTask {
                    await stopper.stop(id: container.id, name: container.name, message: message, cause: .podKilled, graceSeconds: graceSeconds)
                }
            }
        }
    }
}
