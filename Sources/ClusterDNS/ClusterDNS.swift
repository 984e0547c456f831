import CoreV1
import DiscoveryV1
import KubernetesAPI
package import KubernetesClient
package import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// Where the DNS server listens and whom it asks about other names.
package struct ClusterDNSConfiguration: Sendable {
    /// `cluster.local`, unless the cluster has another domain.
    package var domain: String
    package var host: String
    package var port: Int
    /// Addresses of the nameservers for all other names, as in resolv.conf; empty answers them with "no such name".
    package var upstreamNameservers: [String]

    package init(domain: String = "cluster.local", host: String, port: Int, upstreamNameservers: [String]) {
        self.domain = domain
        self.host = host
        self.port = port
        self.upstreamNameservers = upstreamNameservers
    }
}

/// Answers the names of services and pods from what the API server says, and forwards all others.
package struct ClusterDNS: ServiceLifecycle.Service {
    private static let serviceLabel = "kubernetes.io/service-name"
    private static let serviceIndex = "service"

    private let configuration: ClusterDNSConfiguration
    private let informers: InformerFactory
    private let services: Informer<CoreV1.Service>
    private let slices: Informer<EndpointSlice>
    private let namespaces: Informer<Namespace>
    private let runsInformers: Bool
    private let logger: Logger

    /// - Parameter shared: informers that the caller runs; nil: it has its own and runs them.
    package init(client: Client, informers shared: InformerFactory? = nil, configuration: ClusterDNSConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        informers = shared ?? InformerFactory(client: client, logger: logger)
        runsInformers = shared == nil
        services = informers.informer(CoreV1.Service.self)
        slices = informers.informer(EndpointSlice.self)
        namespaces = informers.informer(Namespace.self)
        slices.addIndex(Self.serviceIndex) { slice in
            slice.metadata.labels[Self.serviceLabel].map { ["\(slice.metadata.namespace ?? "")/\($0)"] } ?? []
        }
    }

    package func run() async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let nameservers = try configuration.upstreamNameservers.map { try SocketAddress(ipAddress: $0, port: 53) }
        let forwarder = nameservers.isEmpty ? nil : Forwarder(group: group, nameservers: nameservers)
        let queries = QueryHandler(zone: ClusterZone(domain: DNSName(configuration.domain)), forwarder: forwarder)
        follow(queries)
        try await cancelWhenGracefulShutdown { [self] in
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                if runsInformers {
                    tasks.addTask { [self] in try await informers.run() }
                } else {
                    // Keeps the group waiting until the end.
                    tasks.addTask { try await gracefulShutdown() }
                }
                // Before all records are there, a name that exists would be said not to.
                try await informers.waitForSync()
                let server = DNSServer(group: group, queries: queries)
                let channels = try await server.listen(host: configuration.host, port: configuration.port)
                logger.info("cluster DNS answers", metadata: ["address": "\(configuration.host):\(configuration.port)"])
                do {
                    try await tasks.waitForAll()
                } catch {
                    for channel in channels { try? await channel.close() }
                    if !(error is CancellationError) { throw error }
                }
                for channel in channels { try? await channel.close() }
            }
        }
    }

    /// Keeps the zone in step with the informers.
    private func follow(_ queries: QueryHandler) {
        let (services, slices, namespaces) = (services, slices, namespaces)
        @Sendable func refresh(_ name: String, _ namespace: String) {
            let service = services.get(name, namespace: namespace)
            let records = service.flatMap { service in
                ServiceRecords(service, slices: slices.list(index: Self.serviceIndex, key: "\(namespace)/\(name)"))
            }
            queries.update { $0.set(records, service: name, namespace: namespace) }
        }
        @Sendable func serviceChanged(_ service: CoreV1.Service) { refresh(service.metadata.name ?? "", service.metadata.namespace ?? "") }
        @Sendable func sliceChanged(_ slice: EndpointSlice) {
            if let name = slice.metadata.labels[Self.serviceLabel] { refresh(name, slice.metadata.namespace ?? "") }
        }
        @Sendable func namespacesChanged() {
            let names = Set(namespaces.list().compactMap(\.metadata.name))
            queries.update { $0.set(namespaces: names) }
        }
        services.addHandler(added: serviceChanged, updated: { _, new in serviceChanged(new) }, deleted: serviceChanged)
        slices.addHandler(
            added: sliceChanged,
            updated: { old, new in
                if old.metadata.labels[Self.serviceLabel] != new.metadata.labels[Self.serviceLabel] { sliceChanged(old) }
                sliceChanged(new)
            }, deleted: sliceChanged)
        namespaces.addHandler(added: { _ in namespacesChanged() }, deleted: { _ in namespacesChanged() })
    }
}
