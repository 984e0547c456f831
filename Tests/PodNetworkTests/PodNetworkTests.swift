import Glibc
import JSON
import Linux
import Logging
import Testing

@testable import PodNetwork

@Suite struct BridgeNetworkTests {
    @Test(arguments: ["", "10.0.0.0", "10.0.0/24", "10.0.0.0/31", "10.0.0.0/33", "fd00::/64", "10.0.0.256/24", "10.0.0.0/24/1"])
    func badRangesAreRefused(_ range: String) {
        #expect { try BridgeNetwork.checkCIDR(range) } throws: { "\($0)".contains("\"\(range)\"") }
    }

    @Test(arguments: [("10.244.0.0/24", "10.244.0.1"), ("10.244.3.77/24", "10.244.3.1"), ("10.0.0.4/30", "10.0.0.5"), ("10.9.0.0/8", "10.0.0.1")])
    func theGatewayIsTheFirstAddress(_ range: String, _ gateway: String) throws {
        #expect(try BridgeNetwork.gateway(of: range).address == gateway)
    }

    @Test(
        .disabled(if: geteuid() != 0 || Command.find("nft") == nil || Command.find("ip") == nil, "needs root, nft and ip"))
    func everySettingGoesBack() async throws {
        var template = Array("/tmp/apus-pn-XXXXXX".utf8CString)
        let folder = try #require(mkdtemp(&template).map { String(cString: $0) })
        let namespace = "apus-" + folder.suffix(6)
        let path = "/run/netns/\(namespace)"
        try await Command(["ip", "netns", "add", namespace]).run()
        let ledger = try Ledger(path: "\(folder)/ledger", networkNamespace: path)
        let network = BridgeNetwork(
            configuration: .init(dataFolder: folder, podCIDR: "10.1.2.0/24", serviceCIDR: "10.96.0.0/12"), ledger: ledger,
            logger: Logger(label: "test"))
        // As Docker has it, before the network is set up or after.
        func nft(_ script: String) async throws -> String {
            try await Command(["nft", "-f", "-"], input: Array(script.utf8), networkNamespace: path).run().outputText
        }
        _ = try await nft("add table ip filter\nadd chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }\n")
        try await network.setUp()
        try await network.setUp()
        #expect(try await nft("list chain ip filter FORWARD").split(separator: "10.1.2.0/24 counter").count == 3)
        _ = try await nft("add chain ip filter DOCKER-USER\nadd rule ip filter FORWARD jump DOCKER-USER\n")
        try await network.letThrough()
        #expect(try await nft("list chain ip filter DOCKER-USER").split(separator: "10.1.2.0/24 counter").count == 3)
        #expect(try await !nft("list chain ip filter FORWARD").contains("10.1.2.0/24"))
        @Sendable func forwarding() throws -> String? {
            try NetworkNamespace.run(path) { try Files.readText("/proc/sys/net/ipv4/ip_forward") }
        }
        #expect(try forwarding() == "1")
        let rules = try await Command(["nft", "list", "table", "ip", BridgeNetwork.tableName], networkNamespace: path).run().outputText
        #expect(rules.split(separator: "masquerade").count == 2)
        let written = try JSONValue(parsing: try #require(try Files.read("\(folder)/cni/net.d/10-apus.conflist")))
        #expect(written["plugins"]?[0]?["ipam"]?["ranges"]?[0]?[0]?["subnet"]?.stringValue == "10.1.2.0/24")
        #expect(written["plugins"]?[0]?["mtu"]?.integerValue == 1500)
        // Without a default route the node still has a way to services.
        let route = try await Command(["ip", "route", "get", "10.96.0.1"], networkNamespace: path).run().outputText
        #expect(route.contains("dev apus0") && route.contains("src 10.1.2.1"))
        #expect(await ledger.undoAll().isEmpty)
        #expect(try forwarding() == "0")
        #expect(try await Command(["ip", "-brief", "link"], networkNamespace: path).run().outputText.contains("apus0") == false)
        #expect(try await nft("list ruleset").contains("10.1.2.0/24") == false)
        #expect(try await nft("list tables") == "table ip filter\n")
        try await Command(["ip", "netns", "delete", namespace]).run()
        try Files.removeTree(folder)
    }
}
