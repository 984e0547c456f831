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

    let client: Client
    let trust: ClientTrust
    let logger: Logger

    func run() async throws {
        let informer = Informer<ConfigMap>(
            client: client, namespace: Self.namespace, fieldSelector: "metadata.name=\(Self.name)", logger: logger)
        // What was said before counts until something else is said.
        informer.addHandler(added: { take($0.data) }, updated: { take($1.data) })
        try await informer.run()
    }

    func take(_ data: [String: String]) {
        do {
            try trust.tell(Array((data["client-ca-file"] ?? "").utf8), what: Self.name)
            logger.info("whose client certificates count has been looked up")
        } catch {
            logger.error("whose client certificates count stays as it was", metadata: ["error": "\(error)"])
        }
    }
}
