import JSON
import KubernetesAPI
package import Logging
import PKI
import NIOPosix
import ServiceLifecycle
package import Storage
import Synchronization

/// The API server: the registries over a store, and the road that leads to them over HTTPS and inside the process.
package final class APIServer: Service {
    package let registry: Registry
    /// The road of requests from inside the process; `InProcessTransport` leads there.
    package let road: RequestRoad
    private let http: HTTPServer
    private let configuration: APIServerConfiguration
    private let logger: Logger
    private let hasBootstrapped = Mutex(false)

    /// - Throws: when a certificate can't be used or a range is none.
    package init(configuration: APIServerConfiguration, store: any Store, logger: Logger) throws {
        self.configuration = configuration
        self.logger = logger
        guard let range = IPRange(configuration.serviceClusterIPRange) else {
            throw ConfigurationError(description: "--service-cluster-ip-range \(configuration.serviceClusterIPRange) is not a range of addresses")
        }
        let registry = Registry(store: store, services: ServiceNetwork(ranges: [range]), logger: logger)
        self.registry = registry
        let lookup: ServiceAccountAuthenticator.Lookup = { resource, namespace, name in
            registry.object(group: "", resource: resource, namespace: namespace, name: name)
        }
        let tokens = configuration.serviceAccountTokens
        let authenticator = Authenticator(tokens: ServiceAccountAuthenticator(tokens: tokens, lookup: lookup))
        let authorizer = UnionAuthorizer([NodeAuthorizer(), RBACAuthorizer(source: RegistryRBACSource(registry: registry))])
        let requests = RequestMetrics()
        let address = "\(configuration.advertiseAddress):\(configuration.securePort)"
        let isReady = HealthCheck("informer-sync", scope: .readiness) { [weak registry] in
            registry?.caches.allSatisfy(\.isReady) == true ? nil : "the watch caches are being filled"
        }
        let version = VersionInfo()
        let routes = Routes(
            registry: registry,
            discovery: DiscoveryHandler(
                source: BuiltInDiscovery(serves: { type in
                    registry.resource(group: type.group, version: type.version, plural: type.plural) != nil
                        || ["authentication.k8s.io", "authorization.k8s.io"].contains(type.group) && type.version == "v1"
                }), serverAddress: address),
            health: HealthHandler([isReady]), metrics: MetricsHandler(requests: requests),
            reviews: ReviewHandler(authorizer: authorizer, authenticator: authenticator, tokens: tokens, lookup: lookup),
            proxy: ProxyHandler(
                lookup: ObjectLookup(
                    get: { registry.object(group: $0, resource: $1, namespace: $2, name: $3) },
                    list: { registry.objects(group: $0, resource: $1, namespace: $2.isEmpty ? nil : $2) }),
                tls: try BackendTLS(
                    authorityPEM: configuration.kubeletAuthorityPEM, certificatePEM: configuration.kubeletClientCertificate.certificatePEM,
                    keyPEM: configuration.kubeletClientCertificate.keyPEM), group: MultiThreadedEventLoopGroup.singleton),
            version: version.jsonBytes)
        let road = RequestRoad(authenticator: authenticator, authorizer: authorizer, routes: routes, requests: requests, logger: logger)
        self.road = road
        let judge = ClientCertificateJudge(authorities: configuration.clientAuthorities)
        http = try HTTPServer(
            configuration: .init(
                address: configuration.bindAddress, port: configuration.securePort,
                tls: HTTPServerTLS(
                    certificateChain: configuration.servingCertificate.certificatePEM, privateKey: configuration.servingCertificate.keyPEM)),
            handler: road, judge: { await judge.judge($0) }, logger: logger)
    }

    /// A transport for a component in this process.
    package func transport(user: UserInfo) -> InProcessTransport {
        InProcessTransport(handler: road, user: user)
    }

    /// Returns once the caches are filled and what every cluster starts with is there. `run()` must be running.
    package func waitUntilReady() async throws {
        try await registry.waitUntilReady()
        if hasBootstrapped.withLock({ $0 }) { return }
        try await registry.bootstrap(address: configuration.advertiseAddress, port: configuration.securePort)
        try await PolicyBootstrap(registry: registry).run()
        hasBootstrapped.withLock { $0 = true }
    }

    /// Listens; throws `HTTPServerError` when it can't. Before `run()`, so that a port in use ends the start at once.
    package func listen() async throws {
        try await http.start()
    }

    /// Serves until the service group shuts down. `listen()` must have succeeded.
    package func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for cache in registry.caches { group.addTask { try await cache.run() } }
            group.addTask { [http] in try await http.run() }
            try await group.waitForAll()
        }
    }
}

/// A setting that can't be used, by its flag's name.
package struct ConfigurationError: Error, CustomStringConvertible {
    package var description: String
}
