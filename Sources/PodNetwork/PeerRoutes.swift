package import CoreV1
import KubernetesAPI
package import KubernetesClient
package import Linux
package import Logging
import ServiceLifecycle

/// The ways to the pods of other nodes: through an overlay (VXLAN), or, where it is wished and nodes share a link, straight to the node.
package struct PeerRoutes: ServiceLifecycle.Service {
    /// The pause before what failed is tried again.
    static let retryPause: Duration = .seconds(5)

    private let nodes: Informer<Node>
    private let nodeName: String
    private let directRouting: Bool
    private let ledger: Ledger
    private let logger: Logger

    /// - Parameters:
    ///   - nodes: all nodes; run by the caller.
    ///   - directRouting: use no overlay between nodes that share a link. Some networks between machines drop packets with addresses of pods.
    package init(nodes: Informer<Node>, nodeName: String, directRouting: Bool, ledger: Ledger, logger: Logger) {
        self.nodes = nodes
        self.nodeName = nodeName
        self.directRouting = directRouting
        self.ledger = ledger
        self.logger = logger
    }

    package func run() async throws {
        let (changes, change) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        nodes.addHandler(
            added: { _ in change.yield() },
            updated: { old, new in if Peer(old) != Peer(new) { change.yield() } }, deleted: { _ in change.yield() })
        do {
            try await cancelWhenGracefulShutdown {
                try await nodes.waitForSync()
                change.yield()
                for await _ in changes where await !follow() {
                    try await Task.sleep(for: Self.retryPause)
                    change.yield()
                }
            }
        } catch is CancellationError {
            // The ordinary end; the routes stay while the next life starts.
        }
    }

    /// Brings the kernel's tables to what the nodes are now.
    ///
    /// - Returns: whether all could be done.
    private func follow() async -> Bool {
        guard let own = nodes.get(nodeName, namespace: nil).flatMap(Peer.init) else { return true }
        let peers = nodes.list().filter { $0.metadata.name != nodeName }.compactMap(Peer.init)
        do {
            try await OverlayLink(peer: own, ledger: ledger).ensure()
            let (isDirectRouting, ledger) = (directRouting, ledger)
            let count = try NetworkNamespace.run(ledger.networkNamespace) {
                let tables = try PeerTables()
                let direct = isDirectRouting ? try peers.filter { try tables.isOnLink($0.address) } : []
                let behindOverlay = peers.filter { !direct.contains($0) }
                try tables.keepOnly(overlay: behindOverlay, direct: direct)
                for peer in direct {
                    try ledger.record(.route("\(peer.range)"))
                    try tables.putDirect(peer)
                }
                for peer in behindOverlay { try tables.putOverlay(peer) }
                return (overlay: behindOverlay.count, direct: direct.count)
            }
            logger.info("ways to other nodes' pods", metadata: ["overlay": "\(count.overlay)", "direct": "\(count.direct)"])
            return true
        } catch {
            logger.error("the ways to other nodes' pods could not be made, trying again", metadata: ["error": "\(error)"])
            return false
        }
    }
}
