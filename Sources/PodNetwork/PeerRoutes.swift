package import CoreV1
import JSON
import KubernetesAPI
package import KubernetesClient
package import Linux
package import Logging
import ServiceLifecycle

/// Routes to the pods of other nodes: each node's range of pod addresses by that node's own address. For nodes that share a link.
package struct PeerRoutes: ServiceLifecycle.Service {
    /// Marks our routes, so that those of nodes that are gone can be found: `ip route` calls it the protocol.
    static let routeProtocol = "97"

    private let nodes: Informer<Node>
    private let nodeName: String
    private let ledger: Ledger
    private let logger: Logger

    /// - Parameter nodes: all nodes; run by the caller.
    package init(nodes: Informer<Node>, nodeName: String, ledger: Ledger, logger: Logger) {
        self.nodes = nodes
        self.nodeName = nodeName
        self.ledger = ledger
        self.logger = logger
    }

    package func run() async throws {
        let (changes, change) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        nodes.addHandler(
            added: { _ in change.yield() },
            updated: { old, new in if Self.way(old) != Self.way(new) { change.yield() } }, deleted: { _ in change.yield() })
        do {
            try await cancelWhenGracefulShutdown {
                try await nodes.waitForSync()
                change.yield()
                for await _ in changes { await follow() }
            }
        } catch is CancellationError {
            // The ordinary end; the routes stay while the next life starts.
        }
    }

    /// Where a node's pods are; nil until it has a range and an address.
    static func way(_ node: Node) -> [String]? {
        guard let range = node.spec.podCIDR, !range.isEmpty,
            let address = node.status.addresses.first(where: { $0.type == "InternalIP" })?.address, !address.isEmpty
        else { return nil }
        return [range, address]
    }

    private func follow() async {
        let wanted = nodes.list().filter { $0.metadata.name != nodeName }.compactMap(Self.way)
        do {
            let present = try await Command(
                ["ip", "-json", "route", "show", "proto", Self.routeProtocol], networkNamespace: ledger.networkNamespace
            ).run()
            let tree = try JSONValue(parsing: present.output.isEmpty ? Array("[]".utf8) : present.output)
            for range in tree.arrayValue?.compactMap({ $0["dst"]?.stringValue }) ?? [] where !wanted.contains(where: { $0[0] == range }) {
                try await run("delete", [range])
            }
        } catch {
            logger.warning("old routes to other nodes' pods were not removed", metadata: ["error": "\(error)"])
        }
        for way in wanted {
            do {
                try ledger.record(.route(way[0]))
                try await run("replace", [way[0], "via", way[1]])
            } catch {
                logger.error(
                    "there is no route to another node's pods; the nodes must share a link",
                    metadata: ["range": "\(way[0])", "node": "\(way[1])", "error": "\(error)"])
            }
        }
    }

    private func run(_ verb: String, _ route: [String]) async throws {
        try await Command(["ip", "route", verb] + route + ["proto", Self.routeProtocol], networkNamespace: ledger.networkNamespace).run()
    }
}
