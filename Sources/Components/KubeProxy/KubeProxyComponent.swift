import APIServer
import CoreV1
import DiscoveryV1
package import Flags
package import KubeProxy
package import KubernetesClient
package import Linux
package import Logging
import NIOHTTP1
package import ServiceLifecycle

/// A service proxy with its informers. The only way in which one is put together.
package struct KubeProxyAssembly: Sendable {
    package let services: [any ServiceLifecycle.Service]

    /// - Parameter shared: informers of the whole process, run by the caller; nil: its own.
    package init(
        client: Client, informers shared: InformerFactory? = nil, configuration: KubeProxy.Configuration, ledger: Ledger, logger: Logger
    ) {
        let informers = shared ?? InformerFactory(client: client, logger: logger)
        let proxy = KubeProxy(
            configuration: configuration, services: informers.informer(CoreV1.Service.self), slices: informers.informer(EndpointSlice.self),
            ledger: ledger, logger: logger)
        services = shared == nil ? [informers, proxy] : [proxy]
    }
}

/// `kube-proxy`.
package enum KubeProxyComponent: Component {
    package static var table: FlagTable { KubeProxyFlags.table }
    package static var configurationKind: (apiVersion: String, kind: String)? { (KubeProxyFlags.apiVersion, KubeProxyFlags.kind) }

    /// What the proxy made outside of itself is noted here; rules and note go with the machine's next start.
    static let stateFolder = "/run/kube-proxy"

    package static func run(_ flags: FlagValues) async throws {
        let logger = Logger(label: table.program)
        try Files.makeDirectory(stateFolder)
        let ledger = try Ledger(path: "\(stateFolder)/ledger")
        if flags.bool("cleanup") {
            let failures = await ledger.undoAll()
            guard failures.isEmpty else {
                throw ComponentProblem("not everything could be removed: " + failures.map { "\($0.entry): \($0.reason)" }.joined(separator: "; "))
            }
            return
        }
        let mode = flags.string("proxy-mode")
        guard ["nftables", "iptables", "ipvs", ""].contains(mode) else { throw FlagProblem("--proxy-mode \(mode) must be nftables") }
        if mode != "nftables" { logger.info("--proxy-mode \(mode): the rules are nftables in every mode") }
        let configuration = try configuration(flags)
        let client = try ClientMaker.make(flags, logger: logger)
        var services: [any ServiceLifecycle.Service] = []
        if let address = try Endpoint(flags, "metrics-bind-address") {
            services.append(try PlainServer(host: address.host, port: address.port, handler: MetricsEndpoints(), logger: logger))
        }
        services += KubeProxyAssembly(client: client, configuration: configuration, ledger: ledger, logger: logger).services
        try await ServiceRunner.run(services, logger: logger)
    }

    /// - Throws: `FlagProblem` naming the flag.
    static func configuration(_ flags: FlagValues) throws -> KubeProxy.Configuration {
        let bound = flags.string("bind-address")
        let own = bound == "0.0.0.0" || bound == "::" ? try NodeAddress.detect() : bound
        var addresses = [own]
        let ranges = flags.list("nodeport-addresses")
        if !ranges.isEmpty, ranges != ["primary"] {
            let networks = try ranges.map { text in
                guard let range = IPRange(text) else { throw FlagProblem("--nodeport-addresses \(text) must be a range such as 192.0.2.0/24") }
                return range
            }
            addresses = NodeAddress.interfaces().map(\.address).filter { address in
                IPAddress(address).map { address in networks.contains { $0.contains(address) } } ?? false
            }
        }
        var configuration = KubeProxy.Configuration(
            node: ProxyNode(name: HostName.node(flags.text("hostname-override")), addresses: addresses, clusterCIDR: flags.string("cluster-cidr")))
        configuration.minSyncPeriod =
            flags.isGiven("nftables-min-sync-period") ? flags.duration("nftables-min-sync-period") : configuration.minSyncPeriod
        configuration.syncPeriod = flags.duration("nftables-sync-period")
        configuration.healthz = try Endpoint(flags, "healthz-bind-address").map { ($0.host, $0.port) }
        return configuration
    }

    private struct MetricsEndpoints: RequestHandler {
        let metrics = MetricsHandler(requests: RequestMetrics())
        let health = HealthHandler()

        func handle(_ request: APIRequest, _ responder: any Responder) {
            switch request.path {
            case "/metrics": metrics.handle(request, responder)
            case "/proxyMode": responder.respond(status: 200, headers: ["Content-Type": "text/plain; charset=utf-8"], body: Array("nftables".utf8))
            default: health.handle(request, responder)
            }
        }
    }
}
