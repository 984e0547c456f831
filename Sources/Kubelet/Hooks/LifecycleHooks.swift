import ContainerRuntime
import CoreV1
import KubernetesClient

/// Runs the handlers that a container wants run after its start and before its stop.
struct LifecycleHooks: Sendable {
    var runtime: any RuntimeService
    var http: HTTPChecker
    var time: TimeSource

    /// How long a hook's HTTP request may take.
    private static let httpTimeout: Duration = .seconds(30)

    /// - Throws: `KubeletError` with what the event tells.
    func run(_ handler: LifecycleHandler, _ container: Container, containerID: String, podIP: String) async throws {
        if let action = handler.exec {
            let answer: CRIExecSyncResponse
            do {
                answer = try await runtime.execSync(containerID, command: action.command, timeout: 0)
            } catch let error as ContainerRuntimeError {
                throw KubeletError("Exec lifecycle hook (\(Texts.list(action.command))) failed - error: \(error.message)")
            }
            guard answer.exitCode == 0 else {
                let output = String(decoding: (answer.stdout + answer.stderr).prefix(1024), as: UTF8.self)
                throw KubeletError(
                    "Exec lifecycle hook (\(Texts.list(action.command))) failed - error: command '\(action.command.joined(separator: " "))' "
                        + "exited with \(answer.exitCode): \(output), message: \(Texts.quoted(output))")
            }
        } else if let action = handler.httpGet {
            let url = try HandlerTarget.url(action, container, podIP: podIP)
            let answer = try await http.get(url, headers: action.httpHeaders, timeout: LifecycleHooks.httpTimeout)
            guard answer.status < 400 else { throw KubeletError("HTTP lifecycle hook (\(url)) failed with status \(answer.status)") }
        } else if let action = handler.sleep {
            try await time.sleep(.seconds(max(0, action.seconds)))
        } else {
            throw KubeletError("invalid handler: the lifecycle hook has no action this node can run")
        }
    }
}
