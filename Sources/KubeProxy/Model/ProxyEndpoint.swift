import CoreV1
import DiscoveryV1
import KubernetesAPI
import Linux

/// A place that traffic of one service port may go to.
struct ProxyEndpoint: Sendable, Equatable {
    var address: IPv4
    var port: UInt16
    var isReady: Bool
    /// Ready apart from the fact that it may be ending.
    var isServing: Bool
    var isTerminating: Bool
    /// On our own node.
    var isLocal: Bool
    var zones: [String] = []
    var nodes: [String] = []

    var text: String { "\(address):\(port)" }
}

/// The endpoints of every service port, sorted and each once.
struct EndpointMap: Sendable {
    private var endpoints: [ProxyPort.ID: [ProxyEndpoint]] = [:]

    /// Slices of other address families are left out.
    init(_ slices: [EndpointSlice], nodeName: String) {
        var found: [ProxyPort.ID: [UInt64: ProxyEndpoint]] = [:]
        for slice in slices where slice.addressType == "IPv4" {
            guard let service = slice.metadata.labels[Labels.serviceName], slice.metadata.labels[Labels.headless] == nil,
                slice.metadata.labels[Labels.proxyName] == nil
            else { continue }
            for port in slice.ports {
                guard let number = UInt16(exactly: port.port ?? 0), number > 0, let proto = ProxyPort.protocolName(port.`protocol`) else { continue }
                let id = ProxyPort.ID(namespace: slice.metadata.namespace ?? "", service: service, port: port.name ?? "", proto: proto)
                for endpoint in slice.endpoints {
                    guard let address = endpoint.addresses.first.flatMap({ IPv4($0) }) else { continue }
                    let isReady = endpoint.conditions?.ready ?? true
                    let new = ProxyEndpoint(
                        address: address, port: number, isReady: isReady, isServing: endpoint.conditions?.serving ?? isReady,
                        isTerminating: endpoint.conditions?.terminating ?? false, isLocal: endpoint.nodeName == nodeName && !nodeName.isEmpty,
                        zones: endpoint.hints?.forZones.compactMap { $0.name } ?? [], nodes: endpoint.hints?.forNodes.compactMap { $0.name } ?? [])
                    let key = UInt64(address.bits) << 16 | UInt64(number)
                    // While a pod moves from one slice to another it is in both: the better state is the newer one.
                    if let old = found[id]?[key], old.isReady || !new.isReady { continue }
                    found[id, default: [:]][key] = new
                }
            }
        }
        endpoints = found.mapValues { $0.sorted { $0.key < $1.key }.map(\.value) }
    }

    subscript(id: ProxyPort.ID) -> [ProxyEndpoint] { endpoints[id] ?? [] }
}

/// Which endpoints a service port's traffic goes to.
struct EndpointChoice: Sendable, Equatable {
    /// For traffic that may go anywhere in the cluster.
    var cluster: [ProxyEndpoint]
    /// For traffic that must stay on this node.
    var local: [ProxyEndpoint]
    /// Whether anything can answer anywhere.
    var hasAny: Bool

    /// Ready endpoints; where there are none, those that still serve while they end.
    init(_ endpoints: [ProxyEndpoint], for port: ProxyPort, node: ProxyNode) {
        func usable(_ candidates: [ProxyEndpoint]) -> [ProxyEndpoint] {
            let ready = candidates.filter(\.isReady)
            return ready.isEmpty ? candidates.filter { $0.isServing && $0.isTerminating } : ready
        }
        let all = usable(endpoints)
        cluster = Self.near(all, node)
        local = usable(endpoints.filter(\.isLocal))
        hasAny = !all.isEmpty
    }

    /// Those that are meant for our node or zone, if every endpoint says whom it is meant for and some are meant for us.
    private static func near(_ endpoints: [ProxyEndpoint], _ node: ProxyNode) -> [ProxyEndpoint] {
        if endpoints.allSatisfy({ !$0.nodes.isEmpty }) {
            let mine = endpoints.filter { $0.nodes.contains(node.name) }
            if !mine.isEmpty { return mine }
        }
        if !node.zone.isEmpty && endpoints.allSatisfy({ !$0.zones.isEmpty }) {
            let mine = endpoints.filter { $0.zones.contains(node.zone) }
            if !mine.isEmpty { return mine }
        }
        return endpoints
    }
}

/// What the rules need to know of the node that they are for.
package struct ProxyNode: Sendable, Equatable {
    package var name: String
    /// Addresses at which node ports are served.
    package var addresses: [String]
    /// The range of all pods' addresses; traffic to a service from elsewhere is given the node's own address, so that answers come back.
    /// Empty: unknown, and no traffic to cluster IPs is changed so.
    package var clusterCIDR: String
    /// The range of services' addresses; what goes to one that belongs to no service is dropped. Empty: unknown.
    package var serviceCIDR: String
    package var zone: String

    package init(name: String, addresses: [String], clusterCIDR: String, serviceCIDR: String = "", zone: String = "") {
        self.name = name
        self.addresses = addresses
        self.clusterCIDR = clusterCIDR
        self.serviceCIDR = serviceCIDR
        self.zone = zone
    }
}
