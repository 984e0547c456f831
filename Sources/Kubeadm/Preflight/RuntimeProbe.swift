import ContainerRuntime
import JSON
import Linux
import Logging

/// What the container runtime of a machine says of itself.
struct RuntimeProbe: Sendable {
    /// As `cgroupDriver` of a KubeletConfiguration names it; nil when it does not tell.
    var cgroupDriver: String?
    /// Why it cannot be used; nil if it can.
    var problem: Finding?

    /// - Parameter socket: `unix://PATH`, or a path.
    static func ask(_ socket: String) async -> RuntimeProbe {
        let path = socket.hasPrefix("unix://") ? String(socket.dropFirst(7)) : socket
        guard Files.exists(path) else {
            return failed(
                "container runtime is not running: there is no socket \(path); start it (systemctl start containerd), or name another socket with --cri-socket"
            )
        }
        do {
            let runtime = try RuntimeClient(endpoint: socket, logger: Logger(label: "kubeadm"))
            return try await withThrowingTaskGroup(of: RuntimeProbe?.self) { group in
                group.addTask {
                    try await runtime.run()
                    return nil
                }
                group.addTask { try await ask(runtime, path) }
                defer { group.cancelAll() }
                while let answer = try await group.next() {
                    if let answer { return answer }
                }
                return failed("container runtime at \(path) ended the connection: see its log (journalctl -u containerd)")
            }
        } catch let error as ContainerRuntimeError where error.isUnimplemented {
            return failed(
                "container runtime at \(path) does not speak the CRI: take \"cri\" out of disabled_plugins in /etc/containerd/config.toml"
                    + " and restart it (systemctl restart containerd)")
        } catch {
            return failed("container runtime at \(path) is not running: \(error); see its log (journalctl -u containerd)")
        }
    }

    private static func ask(_ runtime: RuntimeClient, _ path: String) async throws -> RuntimeProbe {
        _ = try await runtime.version()
        let status = try await runtime.status(verbose: true)
        if let condition = status.status.conditions.first(where: { $0.type == "RuntimeReady" && !$0.status }) {
            return failed("container runtime at \(path) is not ready: \(condition.reason) \(condition.message)")
        }
        return RuntimeProbe(cgroupDriver: status.info["config"].flatMap(driver(inConfiguration:)))
    }

    /// From what containerd tells of its configuration: the way of the runtime class that pods get.
    static func driver(inConfiguration text: String) -> String? {
        guard let settings = try? JSONValue(parsing: Array(text.utf8)), let containerd = settings["containerd"] else { return nil }
        let name = containerd["defaultRuntimeName"]?.stringValue ?? "runc"
        guard let runtime = containerd["runtimes"]?[name] else { return nil }
        return runtime["options"]?["SystemdCgroup"]?.boolValue == true ? "systemd" : "cgroupfs"
    }

    private static func failed(_ problem: String) -> RuntimeProbe { RuntimeProbe(problem: .error("CRI", problem)) }
}
