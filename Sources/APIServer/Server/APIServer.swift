import KubernetesAPI
import KubernetesClient
package import Logging
import PKI
import ServiceLifecycle
package import Storage

/// A whole Kubernetes API server: the HTTP front, the road of a request, and the registry over a store.
package final class APIServer: Service {
    package let registry: Registry
    package let health: HealthHandler
    private let configuration: APIServerConfiguration
    private let road: Road
    private let front: HTTPServer
    private let roles: RegistryRBACSource
    private let nodeUses: RegistryNodeUses
    private let flowControl: RegistryFlowControl
    private let ready = Latch()
    private let followers: [FileFollower]
    private let trust: AuthenticationTrust
    private let encryption: EncryptionUpkeep?
    private let usage: UsageHistory
    private let logger: Logger

    /// - Throws: when the serving certificate or its key cannot be used.
    package init(configuration: APIServerConfiguration, store: any Store, clock: ServerClock = .system, logger: Logger) throws {
        self.configuration = configuration
        self.logger = logger
        let encrypted = configuration.encryption.map { EncryptedStore(store, configuration: $0.configuration, logger: logger) }
        let encryption = encrypted.map { EncryptionUpkeep(store: $0, logger: logger) }
        self.encryption = encryption
        let store: any Store = encrypted ?? store
        let roles = RegistryRBACSource()
        let roleAuthorizer = RBACAuthorizer(source: roles)
        let modes = configuration.authorizationModes
        let nodeUses = RegistryNodeUses()
        let union: @Sendable ([AuthorizationMode]) -> UnionAuthorizer = { modes in
            UnionAuthorizer(modes: modes, node: NodeAuthorizer(uses: nodeUses.uses), rbac: roleAuthorizer)
        }
        let current = configuration.authorizationFile.map { _ in CurrentAuthorizer(union(modes)) }
        let authorizer: any Authorizer = current ?? union(modes)
        let registry = Registry(
            store: store, services: configuration.services, served: configuration.served,
            admission: AdmissionChain.standard(tolerations: configuration.defaultTolerations)
                .adding(AdmissionChain.optional.filter { configuration.optionalAdmissionPlugins.contains($0.name) })
                .adding([
                    NodeRestriction(), CertificateApproval(authorizer: authorizer), CertificateSigning(authorizer: authorizer),
                    CertificateSubjectRestriction(), PodSecurityAdmission(configuration: configuration.podSecurity),
                    PodCertificateIssuing(authorizer: authorizer), EscalationCheck(authorizer: authorizer, rolesAuthorizer: roleAuthorizer),
                ]).without(configuration.disabledAdmissionPlugins), components: configuration.components,
            eventTimeToLive: configuration.eventTimeToLive, clock: clock,
            mayCreate: { request throws(APIStatus) in
                var attributes = AuthorizationAttributes(request)
                attributes.verb = "create"
                let decision = authorizer.authorize(attributes)
                guard decision.isAllowed else { throw attributes.forbidden(reason: decision.reason) }
            }, logger: logger)
        nodeUses.follow(registry)
        let health = HealthHandler(configuration.healthChecks)
        if let encrypted {
            // Starting anew would not help: the server is alive, and says what it waits for.
            health.add(HealthCheck("kms-providers", scope: .readiness) { encrypted.envelopes.lazy.compactMap(\.problem).first })
        }
        health.add(
            HealthCheck("informer-sync", scope: .readiness) { registry.caches.first { !$0.isReady }.map { "\($0.scope.prefix) is not filled" } })
        let now = clock.seconds
        let lookup = ObjectLookup(
            get: { registry.object(group: $0, resource: $1, namespace: $2, name: $3) },
            list: { registry.objects(group: $0, resource: $1, namespace: $2.isEmpty ? nil : $2) })
        let core: ServiceAccountAuthenticator.Lookup = { resource, namespace, name in
            let parts = resource.split(separator: ".", maxSplits: 1)
            return registry.object(
                group: parts.count > 1 ? String(parts[1]) : "", resource: String(parts[0]), namespace: namespace, name: name)
        }

        let access = configuration.authentication
        let clientAuthorities = TrustedAuthorities(configuration.clientAuthorities)
        let proxyAuthorities = access.frontProxy.map { TrustedAuthorities($0.authorities) }
        let authentication = CurrentAuthentication(.init(issuers: access.issuers, anonymous: access.anonymous))
        var followers = access.followers(clients: clientAuthorities, proxies: proxyAuthorities, logger: logger)
        var further: [@Sendable () -> String] = []
        func follow(_ path: String, _ what: String, _ apply: @escaping @Sendable (_ bytes: [UInt8]) async throws -> Void) {
            let reloads = ReloadMetrics(subsystem: "\(what)_config_controller", server: configuration.serverAddress)
            further.append { reloads.text }
            followers.append(FileFollower(path, what: what, reloads: reloads, logger: logger, apply: apply))
        }
        if let file = access.file { follow(file.path, "authentication") { authentication.replace(with: try file.read($0)) } }
        if let file = configuration.authorizationFile, let current {
            follow(file.path, "authorization") { current.replace(with: union(try file.replacement($0, for: modes))) }
        }
        if let path = configuration.encryption?.path, let encryption { follow(path, "encryption") { try await encryption.take($0, path: path) } }
        self.followers = followers
        trust = AuthenticationTrust(
            registry: registry, clients: clientAuthorities, proxies: proxyAuthorities, headers: access.frontProxy?.headers, now: now, logger: logger)
        let uses = LegacyTokenUses(registry: registry, logger: logger)
        let authenticator = Authenticator(
            tokens: access.tokenAuthenticators(configuration.tokens, current: authentication, lookup: core, noteUse: uses.note),
            audiences: configuration.tokens.audiences, frontProxy: access.frontProxy?.headers, anonymous: authentication.anonymous, now: now)
        let metrics = RequestMetrics()
        flowControl = RegistryFlowControl(FlowControl(configuration.limits, sleep: clock.sleep))
        let usage = UsageHistory()
        let entrance = Entrance()
        front = try HTTPServer(
            configuration: .init(
                address: configuration.address, port: configuration.port, tls: configuration.serving, eventLoops: configuration.eventLoops),
            handler: entrance, judge: access.judge(clients: clientAuthorities, proxies: proxyAuthorities, now: now).judge, logger: logger)
        let group = front.eventLoopGroup
        road = Road(
            authenticator: authenticator,
            impersonation: Impersonation(authorizer: authorizer),
            authorizer: authorizer,
            // A file may come to name somebody outside.
            asksOutside: current != nil || modes.contains { if case .webhook = $0 { true } else { false } },
            isInformed: { roles.isFollowing },
            flowControl: flowControl.control,
            crossroads: Crossroads(
                registry: registry,
                reviews: ReviewHandler(
                    authorizer: authorizer, authenticator: authenticator, tokens: configuration.tokens, lookup: core, now: now),
                proxy: configuration.kubelets.map {
                    ProxyHandler(lookup: lookup, tls: $0, group: group, identities: configuration.authentication.frontProxy?.headers)
                },
                usage: configuration.kubelets.map { _ in ResourceMetricsHandler(lookup: lookup, history: usage, clock: clock) },
                discovery: DiscoveryHandler(
                    source: BuiltInDiscovery(
                        catalog: ResourceCatalog.builtIn.serving(configuration.served),
                        computed: configuration.kubelets == nil ? [] : ResourceMetricsHandler.resources
                    ) { Self.serves(registry, $0, $1) },
                    serverAddress: configuration.serverAddress),
                health: health,
                metrics: MetricsHandler(requests: metrics, flowControl: flowControl.control, startTime: now(), further: further),
                issuer: IssuerHandler(tokens: configuration.tokens, serverAddress: configuration.serverAddress),
                version: configuration.version.jsonBytes,
                branches: configuration.branches.map { Crossroads.Branch(prefix: $0.prefix, handler: $0.handler) }),
            metrics: metrics,
            log: RequestLog(logger: logger),
            auditor: configuration.audit?.auditor)
        entrance.open(road)
        self.registry = registry
        self.roles = roles
        self.nodeUses = nodeUses
        self.usage = usage
        self.health = health
    }

    /// The way in for a component of this process, under its own identity.
    package func transport(as user: UserInfo) -> InProcessTransport {
        InProcessTransport(road, user: user)
    }

    /// Returns when the server has all it begins with and answers `/readyz` with ok.
    ///
    /// - Throws: `CancellationError` when the task is cancelled before.
    package func waitUntilReady() async throws {
        try await ready.wait()
    }

    /// Listens, fills the caches, makes what every cluster begins with, and serves until the service group shuts down.
    ///
    /// - Throws: `HTTPServerError` when the port cannot be had.
    package func run() async throws {
        let ready = ready
        health.add(HealthCheck("poststarthook/cluster-bootstrap", scope: .readiness) { ready.isOpen ? nil : "not done yet" })
        if configuration.listens {
            let address = try await front.start()
            logger.info("API server listens", metadata: ["address": "\(address)"])
        }
        try await withThrowingDiscardingTaskGroup { group in
            for cache in registry.caches { group.addTask { try await cache.run() } }
            group.addTask {
                try await cancelWhenGracefulShutdown { try await self.bootstrap() }
            }
            for follower in followers { group.addTask { try await follower.run() } }
            group.addTask {
                try? await cancelWhenGracefulShutdown { try await ready.wait() }
                if ready.isOpen { try await self.trust.run() }
            }
            group.addTask { await cancelWhenGracefulShutdown { await self.flowControl.control.run(self.registry.clock) } }
            if let encryption { group.addTask { try await encryption.run() } }
            for service in configuration.audit?.services ?? [] { group.addTask { try await service.run() } }
            if configuration.kubelets != nil {
                group.addTask {
                    await cancelWhenGracefulShutdown {
                        guard (try? await self.ready.wait()) != nil else { return }
                        await self.usageCollector.run()
                    }
                }
            }
            group.addTask { try await self.front.run() }
        }
        // Every request has been answered by now, and what is to be recorded of it is on its way.
        await configuration.audit?.auditor.flush()
    }

    /// Serves with another certificate from now on.
    package func replaceCertificate(_ serving: HTTPServerTLS) throws {
        try front.replaceCertificate(serving)
    }

    private var usageCollector: UsageCollector {
        let client = Client(transport: transport(as: UserInfo(name: "system:apiserver", groups: ["system:masters"])), userAgent: "kube-apiserver")
        return UsageCollector(history: usage, registry: registry, client: client, logger: logger)
    }

    private func bootstrap() async throws {
        do {
            try await registry.waitUntilReady()
        } catch {
            if Task.isCancelled { return }
            throw error
        }
        roles.follow(registry)
        let loopback = ["127.0.0.0/8", "::1/128"].compactMap { IPRange($0) }
        let isReachable = !(IPAddress(configuration.advertiseAddress).map { address in loopback.contains { $0.contains(address) } } ?? false)
        if !isReachable {
            logger.warning(
                "the advertised address is a loopback address: pods cannot reach the API server",
                metadata: ["address": "\(configuration.advertiseAddress)"])
        }
        var pause = Duration.milliseconds(100)
        while !Task.isCancelled {
            do {
                try await registry.bootstrap(address: isReachable ? configuration.advertiseAddress : nil, port: configuration.port)
                try await PolicyBootstrap(registry: registry, logger: logger).apply(
                    .serving(ResourceCatalog.builtIn.serving(configuration.served)))
                try await trust.settle()
                flowControl.follow(registry)
                ready.open()
                logger.info("API server is ready")
                await registry.keepBootstrapped(address: isReachable ? configuration.advertiseAddress : nil, port: configuration.port)
                return
            } catch {
                logger.error(
                    "cannot make what every cluster begins with; will try again",
                    metadata: ["error": "\(error)", "pause": "\(pause)"])
                try? await registry.clock.sleep(pause)
                pause = min(pause * 2, .seconds(5))
            }
        }
    }

    /// What discovery may show: what the registry keeps, and what is computed or relayed here.
    private static func serves(_ registry: Registry, _ type: ResourceType, _ subresource: String?) -> Bool {
        let info = RequestInfo(
            isResourceRequest: true, apiGroup: type.group, apiVersion: type.version, resource: type.plural, subresource: subresource ?? "")
        if ReviewHandler.serves(info) || ProxyHandler.serves(info) { return true }
        guard let resource = registry.resource(group: type.group, version: type.version, plural: type.plural) else { return false }
        return subresource.map { resource.subresources.contains($0) } ?? true
    }
}
