import JSON
package import Linux
package import Logging

/// The pod network of one node: a bridge with an address range of its own, as containerd and the CNI plugins make it from a configuration
/// that this writes, and the translation of addresses for what leaves the node.
package struct BridgeNetwork: Sendable {
    /// Links and tables bear these names.
    package static let bridgeName = "apus0"
    package static let tableName = "apus-network"

    package struct Configuration: Sendable {
        /// The node's data folder; the CNI configuration and the addresses given out are under its `cni`.
        package var dataFolder: String
        /// The node's range of pod addresses, such as `10.244.0.0/24`.
        package var podCIDR: String
        /// The range of services' addresses. A node without a default route is given a route for it, since the kernel looks for a way before
        /// the service rules change where a packet goes. Nil: no such route.
        package var serviceCIDR: String?
        /// The range of all pods' addresses, also of other nodes: between pods no address is changed. Nil: only this node's.
        package var clusterCIDR: String?
        /// The largest packet of pods. Nil: as the link of the default route has it, or 1500.
        package var mtu: Int?

        package init(dataFolder: String, podCIDR: String, serviceCIDR: String? = nil, clusterCIDR: String? = nil, mtu: Int? = nil) {
            self.dataFolder = dataFolder
            self.podCIDR = podCIDR
            self.serviceCIDR = serviceCIDR
            self.clusterCIDR = clusterCIDR
            self.mtu = mtu
        }

        package var folder: String { "\(dataFolder)/cni" }
        package var path: String { "\(folder)/net.d/10-apus.conflist" }
    }

    let configuration: Configuration
    let ledger: Ledger
    let logger: Logger

    /// - Parameter ledger: records what is made; everything happens in its network namespace.
    package init(configuration: Configuration, ledger: Ledger, logger: Logger) {
        self.configuration = configuration
        self.ledger = ledger
        self.logger = logger
    }

    /// Makes the node ready for pods; the CNI configuration, which the runtime takes as the sign of readiness, is written last. Can be
    /// called again at any time: what is as it should be is left alone.
    package func setUp() async throws {
        try Self.checkCIDR(configuration.podCIDR)
        if let range = configuration.clusterCIDR { try Self.checkCIDR(range) }
        try ledger.set("/proc/sys/net/ipv4/ip_forward", to: "1")
        // Without it, an answer from one pod to another on this bridge would miss the translation back to the service's address.
        let bridgeCalls = "/proc/sys/net/bridge/bridge-nf-call-iptables"
        if !Files.exists(bridgeCalls) { _ = try? await Command(["modprobe", "br_netfilter"]).run() }
        if Files.exists(bridgeCalls) {
            try ledger.set(bridgeCalls, to: "1")
        } else {
            logger.warning("the kernel module br_netfilter is missing: pods may not reach services whose pods are on the same node")
        }
        try ledger.record(.table(family: "ip", name: Self.tableName))
        try await Command(["nft", "-f", "-"], input: Array(masqueradeRules.utf8), networkNamespace: ledger.networkNamespace).run()
        try await letThrough()
        try ledger.record(.portMappings)
        try ledger.record(.link(Self.bridgeName))
        let uplink = await defaultRouteLink()
        if let services = configuration.serviceCIDR, uplink == nil { try await routeServices(services) }
        try Files.makeDirectory("\(configuration.folder)/net.d")
        try Files.makeDirectory("\(configuration.folder)/networks")
        let mtu: Int
        if let given = configuration.mtu { mtu = given } else { mtu = await linkMTU(uplink) ?? 1500 }
        let text = conflist(mtu: mtu).serialized(pretty: true) + [UInt8(ascii: "\n")]
        if try Files.read(configuration.path) != text {
            try Files.writeAtomically(configuration.path, text)
            logger.info("pod network configured", metadata: ["podCIDR": "\(configuration.podCIDR)", "mtu": "\(mtu)"])
        }
    }

    /// Has others' rules let the packets of pods pass. Whoever drops them may have come after ``setUp()``.
    func letThrough() async throws {
        try await ForwardPermission(range: configuration.clusterCIDR ?? configuration.podCIDR, ledger: ledger, logger: logger).ensure()
    }

    /// What leaves the node bears the node's address. Traffic between pods goes through the bridge and keeps its own.
    var masqueradeRules: String {
        let elsewhere = configuration.clusterCIDR.map { " ip daddr != \($0)" } ?? ""
        return """
            table ip \(Self.tableName) {
                comment "pod network of apus";
            }
            flush table ip \(Self.tableName)
            table ip \(Self.tableName) {
                chain postrouting {
                    type nat hook postrouting priority srcnat; policy accept;
                    ip saddr \(configuration.podCIDR) oifname != "\(Self.bridgeName)" ip daddr != 224.0.0.0/4\(elsewhere) masquerade
                }
            }

            """
    }

    /// CNI's list of plugins: a bridge whose own address is the pods' gateway, addresses from the node's range, and host ports.
    func conflist(mtu: Int) -> JSONValue {
        [
            "cniVersion": "0.4.0",
            "name": "apus",
            "plugins": [
                [
                    "type": "bridge",
                    "bridge": .string(Self.bridgeName),
                    "isGateway": true,
                    "isDefaultGateway": true,
                    "ipMasq": false,
                    // A pod reaches itself through a service's address.
                    "hairpinMode": true,
                    "mtu": .integer(Int64(mtu)),
                    "ipam": [
                        "type": "host-local",
                        "ranges": [[["subnet": .string(configuration.podCIDR)]]],
                        "dataDir": .string("\(configuration.folder)/networks"),
                    ],
                ],
                ["type": "portmap", "capabilities": ["portMappings": true], "snat": true],
            ],
        ]
    }

    /// Makes the bridge, as the CNI plugin would later, and sends what the node itself says to services its way, from the gateway's address.
    private func routeServices(_ services: String) async throws {
        try Self.checkCIDR(services)
        let (gateway, prefix) = try Self.gateway(of: configuration.podCIDR)
        let bridge = Self.bridgeName
        if await ask(["link", "show", "dev", bridge]) == nil { try await run(["link", "add", bridge, "type", "bridge"]) }
        try await run(["address", "replace", "\(gateway)/\(prefix)", "dev", bridge])
        try await run(["link", "set", bridge, "up"])
        try await run(["route", "replace", services, "dev", bridge, "src", gateway])
        // A pod that was told of a shorter way would look for services on the bridge itself.
        for link in ["all", bridge] { try ledger.set("/proc/sys/net/ipv4/conf/\(link)/send_redirects", to: "0") }
    }

    private func run(_ arguments: [String]) async throws {
        try await Command(["ip"] + arguments, networkNamespace: ledger.networkNamespace).run()
    }

    /// What `ip` says; nil when there is no such thing.
    private func ask(_ arguments: [String]) async -> JSONValue? {
        guard let result = try? await Command(["ip", "-json"] + arguments, networkNamespace: ledger.networkNamespace).run() else { return nil }
        return try? JSONValue(parsing: result.output)
    }

    private func defaultRouteLink() async -> String? {
        await ask(["route", "show", "default"])?[0]?["dev"]?.stringValue
    }

    /// The greatest packet that the link carries.
    private func linkMTU(_ link: String?) async -> Int? {
        guard let link, let mtu = await ask(["link", "show", "dev", link])?[0]?["mtu"]?.integerValue else { return nil }
        return Int(exactly: mtu)
    }

    /// The first address of a range, which the bridge bears, and the range's prefix.
    static func gateway(of range: String) throws -> (address: String, prefix: UInt8) {
        let range = try checkCIDR(range)
        return ("\(IPv4(bits: range.address.bits | 1))", range.prefix)
    }

    /// IPv4 with a prefix of at most 30 bits, so that there is room for the gateway and a pod.
    @discardableResult
    static func checkCIDR(_ text: String) throws -> IPv4Range {
        guard let range = IPv4Range(text), (8...30).contains(range.prefix) else {
            throw Failure(description: "\"\(text)\" is not a range of pod addresses such as 10.244.0.0/24")
        }
        return range
    }

    package struct Failure: Error, CustomStringConvertible {
        package var description: String
    }
}
