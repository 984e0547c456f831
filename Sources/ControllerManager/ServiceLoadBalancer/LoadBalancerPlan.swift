import CoreV1
import DiscoveryV1
import KubernetesAPI
import KubernetesClient

/// At which nodes' addresses each service of type LoadBalancer is served: decisions only.
///
/// An address is a node's own, and the service proxy of that node takes what comes to the service's ports there. So a port belongs to one service,
/// and ports that machines need themselves belong to none.
struct LoadBalancerPlan {
    /// What a service gets.
    enum Outcome: Equatable {
        case addresses([String])
        /// Why it waits, in a sentence.
        case pending(reason: String, message: String)
    }

    static let exclusionLabel = "node.kubernetes.io/exclude-from-external-load-balancers"

    /// Ports of what serves on every machine: who took one would cut the machine off.
    private static let machinePorts: [Port: String] = [
        Port(proto: "TCP", number: 22): "logins (SSH)", Port(proto: "TCP", number: 2379): "etcd", Port(proto: "TCP", number: 2380): "etcd",
        Port(proto: "TCP", number: 10256): "the health of kube-proxy",
    ]

    private struct Port: Hashable {
        var proto: String
        var number: Int32
    }

    private var owners: [Port: String] = Self.machinePorts
    private var nodes: [Node]

    /// - Parameters:
    ///   - services: all of the cluster.
    ///   - apiServerPorts: where API servers listen, which may be on nodes.
    init(services: [Service], nodes: [Node], apiServerPorts: [Int32]) {
        self.nodes = nodes.filter(Self.takesPart).sorted { ($0.metadata.name ?? "") < ($1.metadata.name ?? "") }
        for port in apiServerPorts { owners[Port(proto: "TCP", number: port)] = "the API server" }
        for port in nodes.compactMap({ $0.status.daemonEndpoints?.kubeletEndpoint?.Port }) {
            owners[Port(proto: "TCP", number: port)] = "the kubelet"
        }
        for service in services {
            for port in service.spec.ports {
                if let number = port.nodePort, number != 0 { owners[Self.key(port, number)] = "\(NamespacedName(service.metadata)) as its node port" }
            }
        }
        // Who has a port keeps it, then who came first.
        for service in services.filter(Self.isServed).sorted(by: Self.isBefore) {
            let ports = service.spec.ports.map { Self.key($0, $0.port) }
            guard conflict(service) == nil else { continue }
            for port in ports { owners[port] = "\(NamespacedName(service.metadata))" }
        }
    }

    /// Whether we, and nobody else, give the service its addresses.
    static func isServed(_ service: Service) -> Bool {
        service.spec.type == "LoadBalancer" && service.spec.loadBalancerClass == nil && service.metadata.deletionTimestamp == nil
    }

    /// - Parameter slices: those of the service.
    func outcome(_ service: Service, slices: [EndpointSlice]) -> Outcome {
        if let conflict = conflict(service) { return .pending(reason: "SyncLoadBalancerFailed", message: conflict) }
        guard !nodes.isEmpty else {
            return .pending(
                reason: "UnAvailableLoadBalancer",
                message: "There are no available nodes for LoadBalancer: none is Ready and without the label \(Self.exclusionLabel)")
        }
        var candidates = nodes
        if service.spec.externalTrafficPolicy == "Local" {
            let serving = Self.nodes(serving: slices)
            candidates = nodes.filter { serving.contains($0.metadata.name ?? "") }
            if candidates.isEmpty {
                return .pending(
                    reason: "UnAvailableLoadBalancer",
                    message:
                        "There are no available nodes for LoadBalancer: its externalTrafficPolicy is Local, and none of them has a pod of it that is ready"
                )
            }
        }
        var addresses = candidates.flatMap(Self.addresses)
        if let wanted = service.spec.loadBalancerIP, !wanted.isEmpty {
            addresses = addresses.filter { $0 == wanted }
            if addresses.isEmpty {
                return .pending(
                    reason: "SyncLoadBalancerFailed", message: "spec.loadBalancerIP: \(wanted) is not the address of a node that takes part")
            }
        }
        return .addresses(addresses)
    }

    private func conflict(_ service: Service) -> String? {
        let name = "\(NamespacedName(service.metadata))"
        for port in service.spec.ports {
            guard let owner = owners[Self.key(port, port.port)], owner != name else { continue }
            return "port \(port.port)/\(port.protocol ?? "TCP") of the nodes belongs to \(owner): give the service another spec.ports[].port"
        }
        return nil
    }

    private static func key(_ port: ServicePort, _ number: Int32) -> Port { Port(proto: port.protocol ?? "TCP", number: number) }

    private static func isBefore(_ a: Service, _ b: Service) -> Bool { rank(a) < rank(b) }

    private static func rank(_ service: Service) -> (Int, Int64, NamespacedName) {
        let isServed = service.status.loadBalancer?.ingress.isEmpty == false
        return (isServed ? 0 : 1, service.metadata.creationTimestamp?.seconds ?? 0, NamespacedName(service.metadata))
    }

    // MARK: Nodes

    static func takesPart(_ node: Node) -> Bool {
        node.metadata.deletionTimestamp == nil && node.metadata.labels[exclusionLabel] == nil
            && node.status.conditions.contains { $0.type == "Ready" && $0.status == "True" }
    }

    /// Where packets arrive, which external addresses, translated elsewhere, are not. The service proxy knows IPv4.
    static func addresses(_ node: Node) -> [String] {
        node.status.addresses.filter { $0.type == "InternalIP" && !$0.address.contains(":") }.map(\.address)
    }

    private static func nodes(serving slices: [EndpointSlice]) -> Set<String> {
        Set(slices.flatMap(\.endpoints).filter { $0.conditions?.ready ?? true }.compactMap(\.nodeName))
    }
}
