package import CoreV1
package import DiscoveryV1
import KubernetesAPI
package import KubernetesClient
package import Linux
package import Logging
import ServiceLifecycle
import Synchronization

/// Sends traffic for services to their endpoints, by nftables rules of this node that follow the API.
package final class KubeProxy: ServiceLifecycle.Service {
    package struct Configuration: Sendable {
        package var node: ProxyNode
        /// Changes that come closer together than this are applied together. The first one after a pause is applied at once.
        package var minSyncPeriod: Duration = .milliseconds(100)
        /// How often it is checked that the rules are still there.
        package var syncPeriod: Duration = .seconds(30)
        /// Where `/healthz` is answered; nil: nowhere.
        package var healthz: (host: String, port: Int)? = ("0.0.0.0", 10256)

        package init(node: ProxyNode) { self.node = node }
    }

    private let configuration: Configuration
    private let services: Informer<CoreV1.Service>
    private let slices: Informer<EndpointSlice>
    private let applier: RuleApplier
    private let conntrack: Conntrack
    private let health = ProxyHealth()
    private let logger: Logger

    /// - Parameters:
    ///   - services, slices: of all namespaces; run by the caller.
    ///   - ledger: records the table; everything happens in its network namespace.
    package init(
        configuration: Configuration, services: Informer<CoreV1.Service>, slices: Informer<EndpointSlice>, ledger: Ledger, logger: Logger
    ) {
        self.configuration = configuration
        self.services = services
        self.slices = slices
        applier = RuleApplier(ledger: ledger, logger: logger)
        conntrack = Conntrack(networkNamespace: ledger.networkNamespace, logger: logger)
        self.logger = logger
    }

    /// Follows the API until asked to stop. The rules stay then, so that services work while the next life starts.
    package func run() async throws {
        do {
            try await cancelWhenGracefulShutdown {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await self.follow() }
                    if let healthz = self.configuration.healthz {
                        group.addTask { await HealthServer(health: self.health, logger: self.logger).run(host: healthz.host, port: healthz.port) }
                    }
                    try await group.waitForAll()
                }
            }
        } catch is CancellationError {
            // The ordinary end.
        }
    }

    private enum Wake: Sendable {
        case change
        case check
    }

    private func follow() async throws {
        // Two may wait: a change is not lost behind a check.
        let (wakes, wake) = AsyncStream<Wake>.makeStream(bufferingPolicy: .bufferingNewest(2))
        let change: @Sendable () -> Void = { [health] in
            health.queued()
            wake.yield(.change)
        }
        services.addHandler(added: { _ in change() }, updated: { _, _ in change() }, deleted: { _ in change() })
        slices.addHandler(added: { _ in change() }, updated: { _, _ in change() }, deleted: { _ in change() })
        try await services.waitForSync()
        try await slices.waitForSync()
        change()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                while true {
                    try await Task.sleep(for: self.configuration.syncPeriod)
                    wake.yield(.check)
                }
            }
            group.addTask { try await self.applyAll(wakes) }
            try await group.waitForAll()
        }
    }

    private func applyAll(_ wakes: AsyncStream<Wake>) async throws {
        var datagrams: [ProxyState.Destination: Set<IPv4>] = [:]
        var pause = Duration.seconds(1)
        for await wake in wakes {
            if case .check = wake { await applier.checkPresence() }
            while true {
                let mark = health.begin()
                let state = ProxyState(services: services.list(), slices: slices.list(), node: configuration.node)
                do {
                    try await applier.apply(state.rules)
                    health.done(mark)
                    await conntrack.delete(Conntrack.stale(from: datagrams, to: state.datagrams))
                    datagrams = state.datagrams
                    pause = .seconds(1)
                    break
                } catch {
                    try Task.checkCancellation()
                    logger.error("service rules could not be loaded, trying again", metadata: ["error": "\(error)", "in": "\(pause)"])
                    try await Task.sleep(for: pause)
                    pause = min(pause * 2, .seconds(30))
                }
            }
            try await Task.sleep(for: configuration.minSyncPeriod)
        }
    }
}
