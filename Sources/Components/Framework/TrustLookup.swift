import APIServer
import CoreV1
import KubernetesClient
import Logging
import PKI
import ServiceLifecycle

/// Lets clients in whose certificates count at the API server: follows the ConfigMap in which it says so.
struct TrustLookup: ServiceLifecycle.Service {
    private static let namespace = "kube-system"
    private static let name = "extension-apiserver-authentication"

    /// Those that a flag names count as well.
    let given: [PEMCertificate]
    let authorities: TrustedAuthorities
    let client: Client
    let logger: Logger

    init(client: Client, authorities: TrustedAuthorities, logger: Logger) {
        given = authorities.certificates
        self.authorities = authorities
        self.client = client
        self.logger = logger
    }

    func run() async throws {
        let informer = Informer<ConfigMap>(
            client: client, namespace: Self.namespace, fieldSelector: "metadata.name=\(Self.name)", logger: logger)
        // What was said before counts until something else is said.
        informer.addHandler(added: { take($0.data) }, updated: { take($1.data) })
        try await informer.run()
    }

    func take(_ data: [String: String]) {
        do {
            let found = try PEMCertificate.all(pem: Array((data["client-ca-file"] ?? "").utf8), what: Self.name)
            let further = found.filter { found in !given.contains { $0.der == found.der } }
            authorities.replace(with: given + further)
            logger.info("whose client certificates count has been looked up", metadata: ["authorities": "\(given.count + further.count)"])
        } catch {
            logger.error("whose client certificates count stays as it was", metadata: ["error": "\(error)"])
        }
    }
}
