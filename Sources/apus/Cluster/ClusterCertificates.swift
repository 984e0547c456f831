import Components
import KubernetesClient
import Logging
import PKI

/// All certificates of the cluster, and the kubeconfig of its administrator: made when missing, renewed when they are due.
struct ClusterCertificates: Sendable {
    private let configuration: ServerConfiguration
    private var folder: DataFolder { configuration.folder }

    init(_ configuration: ServerConfiguration) {
        self.configuration = configuration
    }

    /// - Parameter now: seconds since 1970.
    /// - Throws: `PKIError`; nothing that cannot be read is overwritten.
    @discardableResult
    func ensure(now: Int64) throws -> (pki: ClusterPKI, kubelet: CertificateFiles) {
        let pki = try ClusterPKI.ensure(
            directory: folder.pki,
            parameters: .init(
                serviceAddresses: [configuration.kubernetesServiceIP], dnsDomain: configuration.clusterDomain, names: [configuration.nodeName],
                addresses: [configuration.nodeIP]), now: now)
        try KubeconfigFile.ensure(
            folder.adminKubeconfig, server: "https://\(configuration.nodeIP):\(configuration.securePort)", authority: pki.authority,
            spec: .client(user: "kubernetes-admin", groups: ["system:masters"]), now: now)
        let kubelet = try CertificateFiles.ensure(
            folder.kubeletServing,
            spec: .serving(
                "system:node:\(configuration.nodeName)", dnsNames: [configuration.nodeName], ipAddresses: [configuration.nodeIP]),
            authority: pki.authority, authorityCertificate: pki.authority.certificate, now: now)
        return (pki, kubelet)
    }

    /// What is there, by the files alone.
    ///
    /// - Throws: `PKIError` for a file that cannot be read.
    static func entries(_ folder: DataFolder) throws -> [CertificateEntry] {
        var entries: [CertificateEntry] = []
        func add(_ name: String, _ path: String, _ signer: String?, _ user: String) throws {
            guard let pem = try SecretFile.read(path) else { return }
            entries.append(.init(name: name, path: path, certificate: try PEMCertificate(pem: pem, what: path), signer: signer, user: user))
        }
        if let certificate = try KubeconfigFile.clientCertificate(folder.adminKubeconfig) {
            entries.append(
                .init(
                    name: "admin.kubeconfig", path: folder.adminKubeconfig, certificate: certificate, signer: "ca",
                    user: "kubectl, to the API server"))
        }
        try add("apiserver", "\(folder.pki)/apiserver.crt", "ca", "the API server, to its clients")
        try add("apiserver-kubelet-client", "\(folder.pki)/apiserver-kubelet-client.crt", "ca", "the API server, to kubelets")
        try add("front-proxy-client", "\(folder.pki)/front-proxy-client.crt", "front-proxy-ca", "the API server, to aggregated API servers")
        try add("kubelet", "\(folder.kubeletServing).crt", "ca", "the kubelet, to its clients")
        try add("ca", "\(folder.pki)/ca.crt", nil, "all of the cluster")
        try add("front-proxy-ca", "\(folder.pki)/front-proxy-ca.crt", nil, "aggregated API servers")
        return entries
    }

    /// Renews them while the server runs, and tells of it in events of the node.
    func keeper(_ recorder: EventRecorder) -> CertificateKeeper {
        let folder = folder
        return CertificateKeeper(
            entries: { try Self.entries(folder) },
            renew: {
                try ensure(now: $0)
                return [:]
            }, tell: CertificateKeeper.events(recorder, node: configuration.nodeName), logger: .init(label: "certificates"))
    }
}
