import CoreV1
import KubernetesAPI
import Linux

/// A port of a service and everything that decides how traffic to it is sent on.
struct ProxyPort: Sendable, Equatable {
    /// Namespace, service and port; a lone port may have no name.
    struct ID: Hashable, Sendable, Comparable {
        var namespace: String
        var service: String
        var port: String
        /// As nftables writes it: `tcp`, `udp` or `sctp`.
        var proto: String

        /// `namespace/service:port`, for people.
        var description: String { port.isEmpty ? "\(namespace)/\(service)" : "\(namespace)/\(service):\(port)" }

        /// Ends the names of chains and sets that belong to this port.
        var chainSuffix: String {
            let path = "\(namespace)/\(service)/\(proto)/\(port)"
            return "\(ShortHash.of(path))-\(path)"
        }

        static func < (a: ID, b: ID) -> Bool {
            (a.namespace, a.service, a.port, a.proto) < (b.namespace, b.service, b.port, b.proto)
        }
    }

    var id: ID
    var clusterIP: IPv4
    var port: UInt16
    /// 0: none.
    var nodePort: UInt16 = 0
    var externalIPs: [IPv4] = []
    var loadBalancerIPs: [IPv4] = []
    /// Who may use the load balancer's addresses; empty: everybody.
    var loadBalancerSourceRanges: [String] = []
    /// Seconds for which a client stays with its endpoint; nil: no affinity.
    var affinitySeconds: Int32?
    /// Traffic to the cluster IP stays on the node where it starts.
    var isInternalLocal = false
    /// Traffic from outside goes only to endpoints of the node it comes in at, and keeps its source address.
    var isExternalLocal = false

    /// The ports of a service that this proxy serves: none for headless services, for names of other places, and for services that another
    /// proxy has claimed. Ports with numbers or addresses that cannot be are left out.
    static func ports(of service: Service) -> [ProxyPort] {
        let spec = service.spec
        guard spec.type != "ExternalName", service.metadata.labels[Labels.proxyName] == nil,
            let clusterIP = ([spec.clusterIP ?? ""] + spec.clusterIPs).lazy.compactMap({ IPv4($0) }).first
        else { return [] }
        let isExternal = spec.type == "NodePort" || spec.type == "LoadBalancer"
        return spec.ports.compactMap { port in
            guard let number = UInt16(exactly: port.port), number > 0, let proto = protocolName(port.`protocol`) else { return nil }
            let id = ID(
                namespace: service.metadata.namespace ?? "", service: service.metadata.name ?? "", port: port.name ?? "", proto: proto)
            var result = ProxyPort(id: id, clusterIP: clusterIP, port: number)
            result.externalIPs = spec.externalIPs.compactMap { IPv4($0) }
            if isExternal { result.nodePort = UInt16(exactly: port.nodePort ?? 0) ?? 0 }
            if spec.type == "LoadBalancer" {
                result.loadBalancerIPs = (service.status.loadBalancer?.ingress ?? [])
                    .filter { $0.ipMode != "Proxy" }.compactMap { $0.ip.flatMap { IPv4($0) } }
                result.loadBalancerSourceRanges = spec.loadBalancerSourceRanges
                    .map { String($0.drop { $0 == " " }.prefix { $0 != " " }) }.filter { IPv4Range($0) != nil }
            }
            if spec.sessionAffinity == "ClientIP" {
                result.affinitySeconds = max(1, spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? Self.affinitySecondsDefault)
            }
            result.isInternalLocal = spec.internalTrafficPolicy == "Local"
            result.isExternalLocal = spec.externalTrafficPolicy == "Local" && (isExternal || !result.externalIPs.isEmpty)
            return result
        }
    }

    static let affinitySecondsDefault: Int32 = 10800

    static func protocolName(_ name: String?) -> String? {
        switch name {
        case nil, "", "TCP": "tcp"
        case "UDP": "udp"
        case "SCTP": "sctp"
        default: nil
        }
    }
}

enum Labels {
    static let proxyName = "service.kubernetes.io/service-proxy-name"
    static let headless = "service.kubernetes.io/headless"
    static let serviceName = "kubernetes.io/service-name"
    static let zone = "topology.kubernetes.io/zone"
}
