import Logging
import NIOCore
package import PKI

/// How an API server is to run.
package struct APIServerConfiguration: Sendable {
    /// Where to listen.
    package var address: String
    package var port: Int
    /// Off: only components of this process reach the server.
    package var listens = true
    /// The address that others reach this server at: in the `kubernetes` Service's endpoints and in discovery.
    package var advertiseAddress: String
    package var serving: HTTPServerTLS
    /// Whose client certificates count.
    package var clientAuthorities: [PEMCertificate]
    /// Who is believed beside the clients' certificates and service accounts.
    package var authentication = AuthenticationOptions()
    /// What is recorded of requests; nil: nothing.
    package var audit: AuditOptions?
    /// How values are encrypted at rest; nil: not at all.
    package var encryption: EncryptionOptions?
    package var podSecurity = PodSecurityConfiguration()
    /// How to talk to kubelets. Nil: there is no `exec`, `log` or `proxy`.
    package var kubelets: BackendTLS?
    package var tokens: ServiceAccountTokens
    package var services: ServiceNetwork
    /// Who decides what users may do, in this order.
    package var authorizationModes: [AuthorizationMode] = [.node, .rbac]
    /// Where those are named, if a file names them.
    package var authorizationFile: AuthorizationFileOptions?
    /// How many requests are served at a time.
    package var limits = FlowControl.Limits()
    /// Which versions of which resources are served.
    package var served = ServedVersions()
    /// How long events are kept; zero: for ever.
    package var eventTimeToLive: Duration = KindTable.eventTimeToLive
    /// Admission plugins of those that run only where they are asked for.
    package var optionalAdmissionPlugins: Set<String> = []
    /// How long pods stay on nodes that fail, where they do not say.
    package var defaultTolerations = DefaultTolerationSeconds()
    /// Admission plugins that are not to run.
    package var disabledAdmissionPlugins: Set<String> = []
    package var version: VersionInfo
    package var eventLoops: Int
    /// What must be well beside the server itself.
    package var healthChecks: [HealthCheck] = []
    /// The other parts of the control plane, as `componentstatuses` shows them.
    package var components: [ComponentProbe] = []
    /// Further handlers by path prefix, such as `/openapi/`.
    package var branches: [(prefix: String, handler: any RequestHandler)]

    package init(
        address: String = "0.0.0.0", port: Int = 6443, advertiseAddress: String, serving: HTTPServerTLS, clientAuthorities: [PEMCertificate],
        kubelets: BackendTLS?, tokens: ServiceAccountTokens, services: ServiceNetwork, version: VersionInfo = VersionInfo(),
        eventLoops: Int = System.coreCount, branches: [(prefix: String, handler: any RequestHandler)] = []
    ) {
        self.address = address
        self.port = port
        self.advertiseAddress = advertiseAddress
        self.serving = serving
        self.clientAuthorities = clientAuthorities
        self.kubelets = kubelets
        self.tokens = tokens
        self.services = services
        self.version = version
        self.eventLoops = eventLoops
        self.branches = branches
    }

    /// Everything from the files of a control plane.
    ///
    /// - Throws: when a certificate or key cannot be used.
    package init(
        pki: ClusterPKI, address: String = "0.0.0.0", port: Int = 6443, advertiseAddress: String, services: ServiceNetwork,
        issuer: String = "https://kubernetes.default.svc.cluster.local"
    ) throws {
        self.init(
            address: address, port: port, advertiseAddress: advertiseAddress,
            serving: HTTPServerTLS(certificateChain: pki.apiServer.certificatePEM, privateKey: pki.apiServer.keyPEM),
            clientAuthorities: [pki.authority.certificate],
            kubelets: try BackendTLS(
                authorityPEM: pki.authorityPEM, certificatePEM: pki.kubeletClient.certificatePEM, keyPEM: pki.kubeletClient.keyPEM),
            tokens: try ServiceAccountTokens(key: pki.serviceAccountKey, issuer: issuer), services: services)
    }

    /// Host and port for documents.
    var serverAddress: String {
        advertiseAddress.contains(":") ? "[\(advertiseAddress)]:\(port)" : "\(advertiseAddress):\(port)"
    }
}
