import Flags
import Glibc
import JSON
import KubernetesClient
import Linux
import PKI

extension JoinPhase {
    static let kubeletStart = JoinPhase(
        name: "kubelet-start", summary: "Write kubelet settings, certificates and (re)start the kubelet"
    ) { run in
        let settings = run.settings
        let cluster = try await run.cluster()
        // Before anything is written: a token that is refused leaves nothing behind.
        let configuration = try await run.kubeletConfiguration()
        if !Rehearsal.instead("write files \"\(settings.authorityPath)\" and \"\(settings.bootstrapKubeconfig)\"") {
            try SecretFile.write(cluster.authorityPEM, to: settings.authorityPath, access: .everyone)
            try SecretFile.write(Array(cluster.bootstrapKubeconfig.utf8), to: settings.bootstrapKubeconfig)
        }
        let runtime = await RuntimeProbe.ask(settings.criSocket)
        let taints = (settings.taints ?? []).compactMap { taint -> String? in
            guard let key = taint["key"]?.stringValue, let effect = taint["effect"]?.stringValue else { return nil }
            return "\(key)=\(taint["value"]?.stringValue ?? ""):\(effect)"
        }
        try KubeletFiles.write(
            configuration,
            KubeletFiles.Machine(
                nodeName: settings.nodeName, nodeIP: settings.nodeIP, criSocket: settings.criSocket, cgroupDriver: runtime.cgroupDriver,
                taints: taints, arguments: settings.kubeletArguments))
        if !Rehearsal.isOn { try Files.makeDirectory(settings.manifests, mode: 0o700) }
        Say.line("[kubelet-start] Starting the kubelet")
        try await KubeletService.restart()
    }

    static let kubeletWaitBootstrap = JoinPhase(
        name: "kubelet-wait-bootstrap", summary: "Wait for the kubelet to bootstrap itself"
    ) { run in
        let settings = run.settings
        if Rehearsal.instead("wait for the kubelet to bootstrap itself") { return }
        Say.line("[kubelet-start] Waiting for the kubelet to perform the TLS Bootstrap")
        try await BootstrapWait(settings: settings, client: try await run.client()).forCertificate()
        // The token has done its work; it must not lie about.
        unlink(settings.bootstrapKubeconfig)
        Say.line(
            "[kubelet-check] Waiting for a healthy kubelet at http://127.0.0.1:10248/healthz. This can take up to \(GoDuration.text(settings.kubeletPatience))"
        )
        let start = ContinuousClock.now
        try await HealthWait.until(
            "http://127.0.0.1:10248", "/healthz", patience: settings.kubeletPatience,
            otherwise: "the kubelet is not healthy: see its log (journalctl -u kubelet); kubeadm reset takes back what was done")
        Say.line("[kubelet-check] The kubelet is healthy after \(seconds(since: start))")
        try await BootstrapWait(settings: settings, client: try ClusterObjects.client(settings.kubeconfig)).forNode()
    }
}

/// Waits for what the kubelet does by itself, and says what it waits for.
struct BootstrapWait: Sendable {
    /// After this time the reason is looked for.
    static let quietTime: Duration = .seconds(15)

    var settings: JoinSettings
    var client: Client

    /// Until the kubelet has a certificate of its own.
    func forCertificate() async throws {
        let start = ContinuousClock.now
        var told = ""
        while !Files.exists(settings.kubeconfig) {
            let passed = start.duration(to: .now)
            var reason = "the kubelet has not asked for its certificate: does it run? (systemctl status kubelet, journalctl -u kubelet)"
            if passed > Self.quietTime, let name = await pendingRequest() {
                reason = "the certificate request \(name) is not approved: kubectl certificate approve \(name) on the control plane does it"
            }
            guard passed < settings.bootstrapPatience else {
                throw KubeadmError("the node got no certificate within \(GoDuration.text(settings.bootstrapPatience)): \(reason)")
            }
            if passed > Self.quietTime, reason != told {
                Say.line("[kubelet-start] Still waiting: \(reason)")
                told = reason
            }
            try await Task.sleep(for: .milliseconds(200))
        }
    }

    /// The request of this node that nobody has decided on.
    private func pendingRequest() async -> String? {
        guard let list = try? await client.get(path: "/apis/certificates.k8s.io/v1/certificatesigningrequests") else { return nil }
        let pending = (list["items"]?.arrayValue ?? []).filter { item in
            (item["status"]?["conditions"]?.arrayValue ?? []).isEmpty
                && item["spec"]?["signerName"]?.stringValue == "kubernetes.io/kube-apiserver-client-kubelet"
                && Self.name(inRequest: item["spec"]?["request"]?.stringValue) == "system:node:\(settings.nodeName)"
        }
        return pending.last?["metadata"]?["name"]?.stringValue
    }

    private static func name(inRequest text: String?) -> String? {
        guard let pem = text.flatMap({ Base64.decode($0) }) else { return nil }
        return try? SigningRequest(pem: pem).commonName
    }

    /// Until the node is in the API.
    func forNode() async throws {
        let deadline = ContinuousClock.now + settings.kubeletPatience
        while true {
            do {
                _ = try await client.get(path: "/api/v1/nodes/\(settings.nodeName)")
                return
            } catch let error as APIStatusError where error.isNotFound && ContinuousClock.now < deadline {
                try await Task.sleep(for: .milliseconds(200))
            } catch {
                throw KubeadmError(
                    "the kubelet has its certificate and the node is not in the cluster: \(error); its log tells more (journalctl -u kubelet)")
            }
        }
    }
}
