import Linux

extension RuleSet {
    /// The bit of a packet's mark that asks for the node's own address as its source.
    static let masqueradeMark = "0x4000"

    /// What is there without any service: where the kernel calls us, the maps that tell services apart, and the verdicts they share.
    static func base(for node: ProxyNode) -> RuleSet {
        let service = "ip daddr . meta l4proto . th dport vmap"
        let nodePort = "ip daddr @nodeport-ips meta l4proto . th dport vmap"
        var clusterIPs = ["ip daddr @cluster-ips reject"]
        if IPv4Range(node.serviceCIDR) != nil { clusterIPs.append("ip daddr \(node.serviceCIDR) drop") }
        let chains: [String: Chain] = [
            "filter-prerouting-pre-dnat": .init(
                hook: "type filter hook prerouting priority -110;", rules: ["ct state new jump firewall-check"]),
            "filter-input": .init(
                hook: "type filter hook input priority -110;",
                rules: ["ct state new jump nodeport-endpoints-check", "ct state new jump service-endpoints-check"]),
            "filter-forward": .init(
                hook: "type filter hook forward priority -110;",
                rules: ["ct state new jump service-endpoints-check", "ct state new jump cluster-ips-check"]),
            "filter-output": .init(
                hook: "type filter hook output priority -110;",
                rules: ["ct state new jump service-endpoints-check", "ct state new jump firewall-check"]),
            "filter-output-post-dnat": .init(
                hook: "type filter hook output priority -90;", rules: ["ct state new jump cluster-ips-check"]),
            "nat-prerouting": .init(hook: "type nat hook prerouting priority -100;", rules: ["jump services"]),
            "nat-output": .init(hook: "type nat hook output priority -100;", rules: ["jump services"]),
            "nat-postrouting": .init(hook: "type nat hook postrouting priority 100;", rules: ["jump masquerading"]),
            "services": .init(rules: ["\(service) @service-ips", "\(nodePort) @service-nodeports"]),
            "service-endpoints-check": .init(rules: ["\(service) @no-endpoint-services"]),
            "nodeport-endpoints-check": .init(rules: ["\(nodePort) @no-endpoint-nodeports"]),
            "firewall-check": .init(rules: ["\(service) @firewall-ips"]),
            "cluster-ips-check": .init(rules: clusterIPs),
            "mark-for-masquerade": .init(rules: ["meta mark set meta mark or \(masqueradeMark)"]),
            "masquerading": .init(rules: [
                "meta mark and \(masqueradeMark) == 0 return",
                // Taken off again, so that a packet that passes here twice is not changed twice.
                "meta mark set meta mark xor \(masqueradeMark)",
                "masquerade fully-random",
            ]),
            "reject-chain": .init(rules: ["reject"]),
        ]
        let byAddress = "type ipv4_addr . inet_proto . inet_service : verdict;"
        let byPort = "type inet_proto . inet_service : verdict;"
        var sets: [String: NamedSet] = [
            "cluster-ips": .init(definition: "type ipv4_addr;"),
            "nodeport-ips": .init(definition: "type ipv4_addr;"),
            "service-ips": .init(isMap: true, definition: byAddress),
            "service-nodeports": .init(isMap: true, definition: byPort),
            "no-endpoint-services": .init(isMap: true, definition: byAddress),
            "no-endpoint-nodeports": .init(isMap: true, definition: byPort),
            "firewall-ips": .init(isMap: true, definition: byAddress),
        ]
        for address in node.addresses.compactMap({ IPv4($0) }) { sets["nodeport-ips"]?.elements["\(address)"] = .init() }
        return RuleSet(chains: chains, sets: sets)
    }
}
