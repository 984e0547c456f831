import Flags
import KubernetesClient
import Logging

extension Phase {
    static let waitControlPlane = Phase(name: "wait-control-plane", summary: "Wait for the control plane to start") { settings, _ in
        Say.line(
            "[wait-control-plane] Waiting for the kubelet to boot up the control plane as static Pods from directory \"\(settings.manifests)\"")
        Say.line(
            "[kubelet-check] Waiting for a healthy kubelet at http://127.0.0.1:10248/healthz. This can take up to \(GoDuration.text(settings.kubeletPatience))"
        )
        if Rehearsal.instead("wait for the kubelet and the control plane") { return }
        let began = ContinuousClock.now
        try await HealthWait.until(
            "http://127.0.0.1:10248", "/healthz", patience: settings.kubeletPatience,
            otherwise: "the kubelet is not healthy: see its log (journalctl -u kubelet); kubeadm reset takes back what was done")
        Say.line("[kubelet-check] The kubelet is healthy after \(seconds(since: began))")
        Say.line(
            "[control-plane-check] Waiting for healthy control plane components. This can take up to \(GoDuration.text(settings.controlPlanePatience))"
        )
        let checks = [
            ("kube-apiserver", settings.localServer, "/livez"), ("kube-controller-manager", "https://127.0.0.1:10257", "/healthz"),
            ("kube-scheduler", "https://127.0.0.1:10259", "/livez"),
        ]
        for (name, server, path) in checks { Say.line("[control-plane-check] Checking \(name) at \(server)\(path)") }
        let start = ContinuousClock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (name, server, path) in checks {
                group.addTask {
                    try await HealthWait.until(
                        server, path, patience: settings.controlPlanePatience,
                        otherwise: "\(name) is not healthy: see what its container says, with crictl logs or under /var/log/pods")
                    Say.line("[control-plane-check] \(name) is healthy after \(seconds(since: start))")
                }
            }
            try await group.waitForAll()
        }
    }
}

func seconds(since start: ContinuousClock.Instant) -> String {
    let milliseconds = start.duration(to: .now).components
    let value = milliseconds.seconds * 1000 + milliseconds.attoseconds / 1_000_000_000_000_000
    let fraction = String(String(value % 1000 + 1000).dropFirst())
    return "\(value / 1000).\(fraction)s"
}

/// Waits for a server to say that it is well.
enum HealthWait {
    static let longest: Duration = .seconds(240)

    /// - Throws: `KubeadmError` with `otherwise` when it is not well in time.
    static func until(_ server: String, _ path: String, patience: Duration = longest, otherwise: String) async throws {
        var connection = ServerConnection(server: server)
        // Health is for everybody, and tells nothing that must be believed.
        connection.insecureSkipTLSVerify = true
        let transport = try HTTPSTransport(connection, logger: Logger(label: "kubeadm"))
        let deadline = ContinuousClock.now + patience
        var last = "no answer yet"
        while ContinuousClock.now < deadline {
            do {
                let answer = try await transport.send(HTTPRequestData(method: "GET", path: path, headers: [], body: []))
                if answer.status == 200 { return await transport.shutdown() }
                last = "it answers \(answer.status)"
            } catch {
                last = "\(error)"
            }
            try await Task.sleep(for: .milliseconds(200))
        }
        await transport.shutdown()
        throw KubeadmError("\(otherwise) (\(server)\(path): \(last))")
    }
}
