import ContainerRuntime
import CoreV1
import KubernetesClient
import Logging

/// Stops containers: hook, signal, and after the grace period the kill.
struct ContainerStopper: Sendable {
    var services: NodeServices
    var pod: Pod
    var podIP: String

    /// A container gets at least this long after its hook has used the whole grace period up.
    private static let graceMinimum: Int64 = 2

    /// Returns when the container has stopped, or could not be stopped (the next look at the runtime tells).
    func stop(id: String, name: String, message: String?, cause: KillCause, graceSeconds: Int64) async {
        let container = pod.container(name)?.container
        services.events.normal(pod, name, "Killing", message ?? "Stopping container \(name)")
        var grace = graceSeconds
        switch cause {
        case .livenessProbe: grace = container?.livenessProbe?.terminationGracePeriodSeconds ?? grace
        case .startupProbe: grace = container?.startupProbe?.terminationGracePeriodSeconds ?? grace
        default: break
        }
        if let container, let hook = container.lifecycle?.preStop, grace > 0, cause != .unknownState {
            let started = services.time.uptime()
            await runPreStop(hook, container, id, within: grace)
            let used = (services.time.uptime() - started).components.seconds
            grace = max(grace - used, ContainerStopper.graceMinimum)
        }
        do {
            try await services.runtime.stopContainer(id, gracePeriod: grace)
        } catch {
            if (error as? ContainerRuntimeError)?.isNotFound == true { return }
            services.logger.warning(
                "container not stopped", metadata: ["pod": "\(pod.key)", "container": "\(name)", "error": "\(error)"])
        }
    }

    private func runPreStop(_ hook: LifecycleHandler, _ container: Container, _ id: String, within seconds: Int64) async {
        let services = services
        let podIP = podIP
        enum Ending { case done, failed(String), timedOut }
        let ending = await withTaskGroup(of: Ending.self) { group in
            group.addTask {
                do {
                    try await services.hooks.run(hook, container, containerID: id, podIP: podIP)
                    return .done
                } catch {
                    return .failed("\(error)")
                }
            }
            group.addTask {
                try? await services.time.sleep(.seconds(seconds))
                return .timedOut
            }
            let first = await group.next() ?? .done
            group.cancelAll()
            return first
        }
        switch ending {
        case .done: return
        case .failed(let text):
            services.events.warning(pod, container.name, "FailedPreStopHook", "PreStopHook failed")
            services.logger.info("preStop hook failed", metadata: ["pod": "\(pod.key)", "container": "\(container.name)", "error": "\(text)"])
        case .timedOut:
            services.logger.info(
                "preStop hook did not end within the grace period", metadata: ["pod": "\(pod.key)", "container": "\(container.name)"])
        }
    }
}
