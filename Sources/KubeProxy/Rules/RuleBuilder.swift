/// Collects the rules, one service port after the other.
struct RuleBuilder {
    let node: ProxyNode
    var rules: RuleSet

    init(node: ProxyNode) {
        self.node = node
        rules = RuleSet.base(for: node)
    }

    mutating func add(_ port: ProxyPort, _ choice: EndpointChoice) {
        let suffix = port.id.chainSuffix
        let clusterChain = "service-\(suffix)"
        let localChain = "local-\(suffix)"
        rules.sets["cluster-ips"]?.elements["\(port.clusterIP)"] = .init()

        let internalEndpoints = port.isInternalLocal ? choice.local : choice.cluster
        let externalEndpoints = port.isExternalLocal ? choice.local : choice.cluster
        let isExternal = port.nodePort != 0 || !port.externalIPs.isEmpty || !port.loadBalancerIPs.isEmpty
        // A service whose endpoints are all elsewhere and must not be used from here is silent; one without any refuses.
        let absent = choice.hasAny ? "drop" : "goto reject-chain"

        // Even with the local policy, traffic that starts here or in a pod may use every endpoint of an external address.
        let needsCluster = !port.isInternalLocal || isExternal
        if needsCluster && !choice.cluster.isEmpty { addBalancer(clusterChain, port, choice.cluster, suffix) }
        let needsLocal = port.isInternalLocal || (port.isExternalLocal && isExternal)
        if needsLocal && !choice.local.isEmpty { addBalancer(localChain, port, choice.local, suffix) }
        let far = needsCluster ? choice.cluster : []
        for endpoint in far + (needsLocal ? choice.local.filter { !far.contains($0) } : []) {
            addEndpoint(endpoint, port, suffix)
        }

        if internalEndpoints.isEmpty {
            put("no-endpoint-services", "\(port.clusterIP) . \(port.id.proto) . \(port.port)", absent, port)
        } else {
            let chain = port.isInternalLocal ? localChain : clusterChain
            put("service-ips", "\(port.clusterIP) . \(port.id.proto) . \(port.port)", "goto \(chain)", port)
            if !node.clusterCIDR.isEmpty {
                rules.chains[chain]?.rules.insert(
                    "ip daddr \(port.clusterIP) \(port.id.proto) dport \(port.port) ip saddr != \(node.clusterCIDR) jump mark-for-masquerade",
                    at: 0)
            }
        }
        if isExternal {
            addExternal(port, suffix, isServed: !externalEndpoints.isEmpty, hasCluster: !choice.cluster.isEmpty, absent: absent)
        }
    }

    private mutating func addExternal(_ port: ProxyPort, _ suffix: String, isServed: Bool, hasCluster: Bool, absent: String) {
        let chain = "external-\(suffix)"
        if isServed {
            var lines: [String] = []
            if port.isExternalLocal {
                if hasCluster {
                    if !node.clusterCIDR.isEmpty { lines.append("ip saddr \(node.clusterCIDR) goto service-\(suffix)") }
                    lines.append("fib saddr type local jump mark-for-masquerade")
                    lines.append("fib saddr type local goto service-\(suffix)")
                }
                lines.append("goto local-\(suffix)")
            } else {
                lines.append("jump mark-for-masquerade")
                lines.append("goto service-\(suffix)")
            }
            rules.chains[chain] = .init(rules: lines)
        }
        let map = isServed ? "service" : "no-endpoint"
        let verdict = isServed ? "goto \(chain)" : absent
        for address in port.externalIPs + port.loadBalancerIPs {
            put(isServed ? "service-ips" : "no-endpoint-services", "\(address) . \(port.id.proto) . \(port.port)", verdict, port)
        }
        if port.nodePort != 0 { put("\(map)-nodeports", "\(port.id.proto) . \(port.nodePort)", verdict, port) }
        if !port.loadBalancerSourceRanges.isEmpty && !port.loadBalancerIPs.isEmpty {
            let firewall = "firewall-\(suffix)"
            rules.chains[firewall] = .init(rules: ["ip saddr != { \(port.loadBalancerSourceRanges.joined(separator: ", ")) } drop"])
            for address in port.loadBalancerIPs {
                put("firewall-ips", "\(address) . \(port.id.proto) . \(port.port)", "goto \(firewall)", port)
            }
        }
    }

    /// A chain that chooses one of the endpoints: the one the client had before if there is affinity, else any.
    private mutating func addBalancer(_ name: String, _ port: ProxyPort, _ endpoints: [ProxyEndpoint], _ suffix: String) {
        var lines: [String] = []
        if port.affinitySeconds != nil {
            for endpoint in endpoints { lines.append("ip saddr @\(affinitySet(endpoint, suffix)) goto \(chain(endpoint, suffix))") }
        }
        if endpoints.count > 1 {
            let targets = endpoints.enumerated().map { "\($0.offset) : goto \(chain($0.element, suffix))" }.joined(separator: ", ")
            lines.append("numgen random mod \(endpoints.count) vmap { \(targets) }")
        }
        // Also for a packet that is underway while the rules are exchanged: to it the map of the rule before is empty already.
        if let first = endpoints.first { lines.append("goto \(chain(first, suffix))") }
        rules.chains[name] = .init(rules: lines)
    }

    private mutating func addEndpoint(_ endpoint: ProxyEndpoint, _ port: ProxyPort, _ suffix: String) {
        // An endpoint that reaches itself must see another's address, or it would answer to itself.
        var lines = ["ip saddr \(endpoint.address) jump mark-for-masquerade"]
        if let seconds = port.affinitySeconds {
            let set = affinitySet(endpoint, suffix)
            rules.sets[set] = .init(definition: "type ipv4_addr; flags dynamic, timeout;", isDynamic: true)
            lines.append("update @\(set) { ip saddr timeout \(seconds)s }")
        }
        lines.append("meta l4proto \(port.id.proto) dnat to \(endpoint.address):\(endpoint.port)")
        rules.chains[chain(endpoint, suffix)] = .init(rules: lines)
    }

    private func chain(_ endpoint: ProxyEndpoint, _ suffix: String) -> String { "endpoint-\(suffix)__\(endpoint.address)/\(endpoint.port)" }

    private func affinitySet(_ endpoint: ProxyEndpoint, _ suffix: String) -> String {
        "affinity-\(suffix)__\(endpoint.address)/\(endpoint.port)"
    }

    /// The first service in order keeps an address that two claim.
    private mutating func put(_ map: String, _ key: String, _ verdict: String, _ port: ProxyPort) {
        if rules.sets[map]?.elements[key] == nil { rules.sets[map]?.elements[key] = .init(verdict: verdict, comment: port.id.description) }
    }
}
