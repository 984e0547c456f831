package import APIServer
import KubernetesAPI
package import Logging
import PKI
package import ServiceLifecycle
package import Storage

/// An API server over a store, with what keeps both in order. The only way in which one is put together.
package struct APIServerAssembly: Sendable {
    package let server: APIServer
    package let services: [any ServiceLifecycle.Service]

    /// - Parameter compactionInterval: how often the store's history is shortened; zero: never.
    /// - Parameter serving: the files of the serving certificate, taken in anew when they change; nil: it stays.
    /// - Parameter kubeletClient: the same for the certificate that is shown to kubelets.
    package init(
        _ configuration: APIServerConfiguration, store: any Store, compactionInterval: Duration = .seconds(300), serving: ServingFiles?,
        kubeletClient: ServingFiles? = nil, logger: Logger
    ) throws {
        var configuration = configuration
        let documents = OpenAPIDocuments(catalog: ResourceCatalog.builtIn.serving(configuration.served), version: configuration.version.gitVersion)
        configuration.branches.append((prefix: "/openapi/", handler: OpenAPIHandler(documents)))
        let server = try APIServer(configuration: configuration, store: store, logger: logger)
        self.server = server
        var services: [any ServiceLifecycle.Service] = [server]
        if compactionInterval > .zero {
            services.append(CompactionService(store: store, interval: compactionInterval, logger: Logger(label: "storage")))
        }
        if let serving {
            let requiresTLS13 = configuration.serving.requiresTLS13
            services.append(
                serving.follower(logger: logger) { found in
                    var found = found
                    found.requiresTLS13 = requiresTLS13
                    try server.replaceCertificate(found)
                })
        }
        if let kubeletClient, let kubelets = configuration.kubelets {
            services.append(
                kubeletClient.follower(logger: logger) { found in
                    try kubelets.replace(certificatePEM: found.certificateChain, keyPEM: found.privateKey)
                })
        }
        self.services = services
    }
}
