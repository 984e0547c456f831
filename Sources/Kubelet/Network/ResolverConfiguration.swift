import CoreV1

/// Name servers, search list and options of a pod, merged from cluster, node and the pod's own wishes.
struct ResolverConfiguration: Equatable, Sendable {
    var servers: [String] = []
    var searches: [String] = []
    var options: [String] = []

    static let serversMax = 3
    static let searchesMax = 32
    static let searchCharactersMax = 2048

    /// Reads the node's resolv.conf.
    static func parse(_ text: String) -> ResolverConfiguration {
        var result = ResolverConfiguration()
        for line in text.split(separator: "\n") {
            let fields = line.split { $0 == " " || $0 == "\t" }.map(String.init)
            guard let keyword = fields.first else { continue }
            switch keyword {
            case "nameserver" where fields.count >= 2: result.servers.append(fields[1])
            case "search": result.searches = fields.dropFirst().map { $0 != "." && $0.hasSuffix(".") ? String($0.dropLast()) : $0 }
            case "options": result.options = Array(fields.dropFirst())
            default: break
            }
        }
        return result
    }

    /// - Parameter clusterDNS: the cluster's name servers; without any, ClusterFirst means the node's own.
    /// - Parameter host: what the node's resolv.conf says.
    static func forPod(_ pod: Pod, clusterDNS: [String], clusterDomain: String, host: ResolverConfiguration) -> ResolverConfiguration {
        var result: ResolverConfiguration
        switch pod.spec.dnsPolicy ?? "ClusterFirst" {
        case "None": result = ResolverConfiguration()
        case "Default": result = host
        case "ClusterFirst" where pod.usesHostNetwork: result = host
        default:
            if clusterDNS.isEmpty {
                result = host
            } else {
                result = ResolverConfiguration(servers: clusterDNS, searches: [], options: ["ndots:5"])
                if !clusterDomain.isEmpty {
                    result.searches = ["\(pod.namespace).svc.\(clusterDomain)", "svc.\(clusterDomain)", clusterDomain]
                }
                for search in host.searches where !result.searches.contains(search) { result.searches.append(search) }
            }
        }
        if let wishes = pod.spec.dnsConfig { result.merge(wishes) }
        result.limit()
        return result
    }

    private mutating func merge(_ wishes: PodDNSConfig) {
        for server in wishes.nameservers where !servers.contains(server) { servers.append(server) }
        for search in wishes.searches where !searches.contains(search) { searches.append(search) }
        for wish in wishes.options {
            guard let name = wish.name, !name.isEmpty else { continue }
            // An option named again takes the new value.
            options.removeAll { $0 == name || $0.hasPrefix(name + ":") }
            options.append(wish.value.map { $0.isEmpty ? name : "\(name):\($0)" } ?? name)
        }
    }

    /// What resolvers honour; more is cut, as upstream does.
    private mutating func limit() {
        servers = Array(servers.prefix(ResolverConfiguration.serversMax))
        searches = Array(searches.prefix(ResolverConfiguration.searchesMax))
        while searches.joined(separator: " ").utf8.count > ResolverConfiguration.searchCharactersMax { searches.removeLast() }
    }
}
