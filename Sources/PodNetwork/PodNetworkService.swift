package import CoreV1
import KubernetesAPI
package import KubernetesClient
package import Linux
package import Logging
import ServiceLifecycle

/// Sets the pod network of this node up as soon as the node has been given its range of pod addresses.
package struct PodNetworkService: ServiceLifecycle.Service {
    let nodes: Informer<Node>
    let nodeName: String
    let dataFolder: String
    let serviceCIDR: String?
    let clusterCIDR: String?
    let ledger: Ledger
    let logger: Logger

    /// - Parameters:
    ///   - nodes: an informer that sees at least our own node; run by the caller.
    ///   - serviceCIDR, clusterCIDR: as in ``BridgeNetwork/Configuration``.
    package init(
        nodes: Informer<Node>, nodeName: String, dataFolder: String, serviceCIDR: String? = nil, clusterCIDR: String? = nil, ledger: Ledger,
        logger: Logger
    ) {
        self.nodes = nodes
        self.nodeName = nodeName
        self.dataFolder = dataFolder
        self.serviceCIDR = serviceCIDR
        self.clusterCIDR = clusterCIDR
        self.ledger = ledger
        self.logger = logger
    }

    /// Waits for the range, sets up, and sets up again when the range changes. A failure is logged and tried again.
    package func run() async throws {
        let (ranges, news) = AsyncStream<Place>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let name = nodeName
        let tell: @Sendable (Node) -> Void = { node in
            if node.metadata.name == name, let range = node.spec.podCIDR, !range.isEmpty {
                news.yield(Place(range: range, address: Peer.internalAddress(node).map { "\($0)" }))
            }
        }
        nodes.addHandler(added: tell, updated: { _, node in tell(node) })
        do {
            try await cancelWhenGracefulShutdown {
                var present: (place: Place, network: BridgeNetwork)?
                for await place in ranges {
                    // The node's own reports, minutes apart, are the occasion to look whether somebody has begun to drop what is forwarded.
                    if let present, present.place == place {
                        await attempt { try await present.network.letThrough() }
                    } else {
                        present = (place, try await setUp(place))
                    }
                }
            }
        } catch is CancellationError {
            // The ordinary end; the network stays.
        }
    }

    /// What a node's pods are told of it.
    private struct Place: Equatable, Sendable {
        var range: String
        var address: String?
    }

    private func setUp(_ place: Place) async throws -> BridgeNetwork {
        var configuration = BridgeNetwork.Configuration(
            dataFolder: dataFolder, podCIDR: place.range, serviceCIDR: serviceCIDR, clusterCIDR: clusterCIDR)
        // With other nodes there may be an overlay to go through, which needs room of its own in each packet.
        if clusterCIDR != nil, let address = place.address {
            configuration.mtu = await NodeLinks(ledger: ledger).mtu(ofLinkWith: address).map { $0 - OverlayLink.overhead }
        }
        let network = BridgeNetwork(configuration: configuration, ledger: ledger, logger: logger)
        while await !attempt({ try await network.setUp() }) { try await Task.sleep(for: .seconds(1)) }
        return network
    }

    /// - Returns: whether it could be done.
    @discardableResult
    private func attempt(_ body: () async throws -> Void) async -> Bool {
        do {
            try await body()
            return true
        } catch is CancellationError {
            return false
        } catch {
            logger.error("the pod network could not be set up, trying again", metadata: ["error": "\(error)"])
            return false
        }
    }
}
