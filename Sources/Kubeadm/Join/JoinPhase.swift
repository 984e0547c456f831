import Flags
import JSON
import KubernetesAPI
import KubernetesClient
import Logging

/// One step of joining, under upstream's name.
struct JoinPhase: Sendable {
    var name: String
    var summary: String
    /// Whether a worker has no need of it.
    var isForControlPlanes = false
    var run: @Sendable (JoinRun) async throws -> Void

    /// In their order.
    static let all: [JoinPhase] = [
        .preflight, .controlPlanePrepare, .kubeletStart, .kubeletWaitBootstrap, .etcdJoin, .controlPlaneJoin, .waitControlPlane,
    ]
}

/// One run of `kubeadm join`: what its phases share. The cluster is looked for once, by the phase that needs it first.
actor JoinRun {
    nonisolated let settings: JoinSettings
    private var found: BelievedCluster?
    private var planned: InitSettings?

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

    /// What this machine must be as a control plane of the cluster.
    ///
    /// - Throws: `KubeadmError` when the cluster can have no other control plane than the one it has.
    func controlPlane(_ own: JoinSettings.ControlPlane) async throws -> InitSettings {
        if let planned { return planned }
        var result = try InitSettings.ofCluster(
            try await configuration(ClusterConfigurationMap.kubeadm),
            arguments: [
                "--apiserver-advertise-address=\(own.advertiseAddress)", "--apiserver-bind-port=\(own.bindPort)", "--node-name=\(settings.nodeName)",
                "--cri-socket=\(settings.criSocket)", "--kubeconfig-dir=\(settings.folder)",
            ])
        if case .embedded = result.store {
            throw KubeadmError(
                "the objects of this cluster are in the store that is embedded in its one API server, which no second can share:"
                    + " a cluster of several control planes begins with kubeadm init --etcd --control-plane-endpoint NAME --upload-certs")
        }
        guard !result.controlPlaneEndpoint.isEmpty else {
            throw KubeadmError(
                "the cluster has no name or address for all control planes together, so that nodes would depend on the first:"
                    + " controlPlaneEndpoint in the ConfigMap kube-system/kubeadm-config (kubeadm init --control-plane-endpoint) must name one")
        }
        (result.kubeletPatience, result.controlPlanePatience, result.etcdPatience) = (
            settings.kubeletPatience, settings.controlPlanePatience, settings.etcdPatience
        )
        result.taints = settings.taints
        planned = result
        return result
    }

    /// One of the cluster's configurations.
    ///
    /// - Throws: `KubeadmError` when those who join may not read it, or it is not there.
    func configuration(_ map: (name: String, key: String)) async throws -> String {
        do {
            return try await ClusterConfigurationMap.text(map, try await client())
        } catch let error as APIStatusError where error.status.code == 401 {
            throw KubeadmError(
                "the API server does not let the token in by which the node is to make its first request (--tls-bootstrap-token, --token):"
                    + " it has expired, or is not for authentication; kubeadm token create --print-join-command on the control plane makes a new one")
        } catch let error as APIStatusError {
            throw KubeadmError("the ConfigMap kube-system/\(map.name) cannot be read: \(error); kubeadm init phase upload-config makes it")
        }
    }

    /// The kubelets' configuration.
    func kubeletConfiguration() async throws -> JSONValue {
        try YAMLTree.read(try await configuration(ClusterConfigurationMap.kubelet), path: "kube-system/kubelet-config")
    }
}
