import Glibc
import Linux

/// The kubelet as a service of the machine.
enum KubeletService {
    private static var hasSystemd: Bool { Files.exists("/run/systemd/system") }
    private static var hasScript: Bool { Files.exists("/etc/init.d/kubelet") }

    /// Starts it by systemd or by its service script; where there is neither, says so: somebody else sees to it.
    static func restart() async throws {
        if Rehearsal.instead("start the kubelet service") { return }
        if hasSystemd {
            try await Command(["systemctl", "daemon-reload"]).run()
            try await Command(["systemctl", "restart", "kubelet"]).run()
        } else if hasScript {
            try await Command(["service", "kubelet", "restart"]).run()
        } else {
            Say.line("[kubelet-start] No service manager was found: start the kubelet yourself")
        }
    }

    /// Stops it; where there is no service manager, the process that serves the kubelet's port.
    static func stop() async throws {
        if Rehearsal.instead("stop the kubelet service") { return }
        if hasSystemd {
            try await Command(["systemctl", "stop", "kubelet"]).run()
        } else if hasScript {
            try await Command(["service", "kubelet", "stop"]).run()
        } else if let process = Listeners.process(onPort: 10250), process.commandLine.first.map(Path.name) == "kubelet" {
            kill(process.pid, SIGTERM)
            for _ in 0..<300 where Listeners.problem(onPort: 10250) != nil { try await Task.sleep(for: .milliseconds(100)) }
        }
    }
}
