import Flags
import JSON
import KubernetesClient
import Linux
import Logging
import PKI

/// Gives the kubelet of this machine what it needs to join, starts it and waits until it has.
struct KubeletStart: Sendable {
    var settings: JoinSettings
    var discovery: Discovery.Result

    func run() async throws {
        try SecretFile.write(discovery.authorityPEM, to: settings.authorityPath, access: .everyone)
        try SecretFile.write(Array(bootstrapKubeconfig.utf8), to: settings.bootstrapKubeconfig)
        let client = try client(settings.bootstrapKubeconfig)
        Say.line("[preflight] Reading configuration from the \"kubeadm-config\" ConfigMap in namespace \"kube-system\"...")
        if try await nodeExists(client) {
            throw KubeadmError(
                "a Node with name \"\(settings.nodeName)\" and status \"Ready\" already exists in the cluster. You must delete the existing Node or change the name of this new joining Node"
            )
        }
        let kubelet = try await client.get(path: "/api/v1/namespaces/kube-system/configmaps/kubelet-config")
        guard var text = kubelet["data"]?["kubelet"]?.stringValue else {
            throw KubeadmError("the ConfigMap kube-system/kubelet-config has no kubelet configuration")
        }
        text = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line.hasPrefix("containerRuntimeEndpoint:") ? "containerRuntimeEndpoint: \(settings.criSocket)" : String(line)
        }.joined(separator: "\n")
        let folder = Phase.kubeletFolder
        try Files.makeDirectory(folder)
        Say.line("[kubelet-start] Writing kubelet configuration to file \"\(folder)/config.yaml\"")
        try Files.writeAtomically("\(folder)/config.yaml", text)
        Say.line("[kubelet-start] Writing kubelet environment file with flags to file \"\(folder)/kubeadm-flags.env\"")
        try Files.writeAtomically("\(folder)/kubeadm-flags.env", environment)
        Say.line("[kubelet-start] Starting the kubelet")
        try await KubeletService.restart()
        Say.line("[kubelet-check] Waiting for a healthy kubelet at http://127.0.0.1:10248/healthz. This can take up to 4m0s")
        Say.line("[kubelet-start] Waiting for the kubelet to perform the TLS Bootstrap")
        try await waitForNode()
    }

    private var bootstrapKubeconfig: String {
        """
        apiVersion: v1
        kind: Config
        clusters:
        - cluster:
            certificate-authority-data: \(Base64.encode(discovery.authorityPEM))
            server: \(discovery.server)
          name: kubernetes
        contexts:
        - context: {cluster: kubernetes, user: tls-bootstrap-token-user}
          name: tls-bootstrap-token-user@kubernetes
        current-context: tls-bootstrap-token-user@kubernetes
        users:
        - name: tls-bootstrap-token-user
          user: {token: \(settings.bootstrapToken)}

        """
    }

    private var environment: String {
        var flags = ["--container-runtime-endpoint=\(settings.criSocket)", "--node-ip=\(settings.nodeIP)"]
        if settings.nodeName != HostName.node(nil) { flags.append("--hostname-override=\(settings.nodeName)") }
        return "KUBELET_KUBEADM_ARGS=\"\(flags.joined(separator: " "))\"\n"
    }

    private func client(_ kubeconfig: String) throws -> Client {
        let transport = try HTTPSTransport(try Kubeconfig.load(path: kubeconfig).connection(), logger: Logger(label: "kubeadm"))
        return Client(transport: transport, userAgent: "kubeadm/\(ApusVersion.kubernetes)")
    }

    private func nodeExists(_ client: Client) async throws -> Bool {
        do {
            let node = try await client.get(path: "/api/v1/nodes/\(settings.nodeName)")
            let conditions = node["status"]?["conditions"]?.arrayValue ?? []
            return conditions.contains { $0["type"]?.stringValue == "Ready" && $0["status"]?.stringValue == "True" }
        } catch let error as APIStatusError where error.isNotFound {
            return false
        }
    }

    /// Until the kubelet has a certificate of its own and the node is in the API.
    private func waitForNode() async throws {
        let deadline = ContinuousClock.now + HealthWait.longest
        var last = "the kubelet has not written \(settings.kubeconfig) yet"
        while ContinuousClock.now < deadline {
            if Files.exists(settings.kubeconfig) {
                do {
                    _ = try await client(settings.kubeconfig).get(path: "/api/v1/nodes/\(settings.nodeName)")
                    // The token has done its work; it must not lie about.
                    try Files.removeTree(settings.bootstrapKubeconfig)
                    return
                } catch let error as APIStatusError where error.isNotFound {
                    last = "the kubelet has a certificate and has not registered the node yet"
                } catch {
                    last = "\(error)"
                }
            }
            try await Task.sleep(for: .milliseconds(500))
        }
        throw KubeadmError("the node did not join within four minutes: \(last). The kubelet's log tells more (journalctl -u kubelet)")
    }
}
