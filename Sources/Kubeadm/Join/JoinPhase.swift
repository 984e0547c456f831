import Flags
import JSON
import KubernetesAPI
import KubernetesClient
import Logging

/// One step of joining, under upstream's name.
struct JoinPhase: Sendable {
    var name: String
    var summary: String
    var run: @Sendable (JoinRun) async throws -> Void

    /// In their order.
    static let all: [JoinPhase] = [.preflight, .kubeletStart, .kubeletWaitBootstrap]
}

/// One run of `kubeadm join`: what its phases share. The cluster is looked for once, by the phase that needs it first.
actor JoinRun {
    nonisolated let settings: JoinSettings
    private var found: BelievedCluster?

    init(settings: JoinSettings) {
        self.settings = settings
    }

    /// - Throws: `KubeadmError` saying what does not fit.
    func cluster() async throws -> BelievedCluster {
        if let found { return found }
        let cluster =
            switch settings.way {
            case .token(let server, let token, let hashes):
                try await TokenDiscovery(server: server, token: token, hashes: hashes, patience: settings.discoveryPatience).run()
            case .file(let path): try await FileDiscovery(path: path, bootstrapToken: settings.bootstrapToken).run()
            }
        var believed = cluster
        if let token = settings.bootstrapToken { believed.credentials = ["token": .string(token.text)] }
        found = believed
        return believed
    }

    /// A client with the rights of who joins.
    func client() async throws -> Client {
        let text = try await cluster().bootstrapKubeconfig
        let connection = try Kubeconfig(parsing: text, file: settings.bootstrapKubeconfig).connection()
        return Client(transport: try HTTPSTransport(connection, logger: Logger(label: "kubeadm")), userAgent: "kubeadm/\(ApusVersion.kubernetes)")
    }

    /// A text of one of the cluster's ConfigMaps in `kube-system`.
    ///
    /// - Throws: `KubeadmError` when those who join may not read it, or it is not there.
    func configuration(_ name: String, _ key: String) async throws -> JSONValue {
        let object: JSONValue
        do {
            object = try await client().get(path: "/api/v1/namespaces/kube-system/configmaps/\(name)")
        } catch let error as APIStatusError where error.status.code == 401 {
            throw KubeadmError(
                "the API server does not let the token in by which the node is to make its first request (--tls-bootstrap-token, --token):"
                    + " it has expired, or is not for authentication; kubeadm token create --print-join-command on the control plane makes a new one")
        } catch let error as APIStatusError {
            throw KubeadmError("the ConfigMap kube-system/\(name) cannot be read: \(error); kubeadm init phase upload-config makes it")
        }
        guard let text = object["data"]?[key]?.stringValue else { throw KubeadmError("the ConfigMap kube-system/\(name) has no \(key)") }
        return try YAMLTree.read(text, path: "kube-system/\(name)")
    }
}
