import CoreV1
import DiscoveryV1
import KubernetesAPI
import Linux

/// What one node's proxy should be doing, computed from what the API says and from nothing else.
struct ProxyState: Sendable {
    /// Something that datagrams are sent to: an address, or at every address of the node a node port.
    struct Destination: Hashable, Sendable {
        var address: IPv4?
        var port: UInt16
    }

    var rules: RuleSet
    /// Where datagrams to each destination may go. The kernel remembers such flows by itself and has to be told when one is over.
    var datagrams: [Destination: Set<IPv4>] = [:]

    /// The order of the input does not matter.
    init(services: [Service], slices: [EndpointSlice], node: ProxyNode) {
        let endpoints = EndpointMap(slices, nodeName: node.name)
        let ports = services.flatMap { ProxyPort.ports(of: $0) }.sorted { $0.id < $1.id }
        var builder = RuleBuilder(node: node)
        for port in ports {
            let choice = EndpointChoice(endpoints[port.id], for: port, node: node)
            builder.add(port, choice)
            if port.id.proto == "udp" {
                let targets = Set((choice.cluster + choice.local).map(\.address))
                for address in [port.clusterIP] + port.externalIPs + port.loadBalancerIPs {
                    datagrams[Destination(address: address, port: port.port)] = targets
                }
                if port.nodePort != 0 { datagrams[Destination(address: nil, port: port.nodePort)] = targets }
            }
        }
        rules = builder.rules
    }
}
