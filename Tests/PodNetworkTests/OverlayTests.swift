import CoreV1
import Glibc
import JSON
import KubernetesAPI
import Linux
import Testing

@testable import PodNetwork

@Suite struct OverlayTests {
    @Test func aNodeIsAPeerOnceItHasRangeAndAddress() throws {
        var node = Node { $0.metadata.name = "a" }
        #expect(Peer(node) == nil)
        node.spec.podCIDR = "10.244.1.0/24"
        #expect(Peer(node) == nil)
        node.status.addresses = [
            NodeAddress {
                $0.type = "Hostname"
                $0.address = "a"
            },
            NodeAddress {
                $0.type = "InternalIP"
                $0.address = "10.0.2.4"
            },
        ]
        let peer = try #require(Peer(node))
        #expect(peer.range.description == "10.244.1.0/24" && "\(peer.address)" == "10.0.2.4")
        // Local to the site, for one receiver, and the range's own.
        #expect(Peer.hardwareAddress(peer.range) == [0x0A, 0x56, 10, 244, 1, 0])
    }

    @Test func messagesAreInTheKernelsForm() {
        var message = NetlinkMessage(NetlinkMessage.Kind.newRoute, flags: NetlinkMessage.Flag.create)
        message.append(bytes: [2, 24, 0, 0])
        message.attribute(1, [10, 0, 0])
        let bytes = message.bytes(sequence: 7)
        #expect(bytes.count == 28 && bytes.prefix(4) == [28, 0, 0, 0] && bytes[4...7] == [24, 0, 1, 4] && bytes[8...11] == [7, 0, 0, 0])
        let answers = NetlinkReader.answers(bytes + bytes)
        #expect(answers.count == 2 && answers[1].kind == NetlinkMessage.Kind.newRoute && answers[1].sequence == 7)
        #expect(NetlinkReader.attributes(answers[1].payload, from: 4) == [1: [10, 0, 0]])
    }

    @Test(
        arguments: [[], [1], [255, 255, 255, 255, 1, 0], [8, 0, 0, 0] + Array(repeating: 0, count: 20), Array(repeating: 255, count: 40)] as [[UInt8]]
    )
    func nonsenseIsPassedOver(_ bytes: [UInt8]) {
        #expect(NetlinkReader.answers(bytes).isEmpty)
        _ = NetlinkReader.attributes(bytes[...], from: 0)
        _ = NetlinkReader.attributes(bytes[...], from: 100)
    }

    @Test func theMTUIsThatOfTheLinkWithTheAddress() {
        let links: JSONValue = [
            ["ifname": "lo", "mtu": 65536, "addr_info": [["local": "127.0.0.1"]]],
            ["ifname": "eth0", "mtu": 1400, "addr_info": [["local": "10.0.2.4"]]],
        ]
        #expect(NodeLinks.mtu(links, "10.0.2.4") == 1400 && NodeLinks.mtu(links, "10.0.2.5") == nil)
    }

    @Test(.disabled(if: geteuid() != 0 || Command.find("ip") == nil, "needs root and ip"))
    func podsOfTwoNodesReachEachOther() async throws {
        var template = Array("/tmp/apus-vx-XXXXXX".utf8CString)
        let folder = try #require(mkdtemp(&template).map { String(cString: $0) })
        let mark = folder.suffix(6)
        let peers = try ["10.244.1.0/24", "10.244.2.0/24"].enumerated().map { index, range in
            Peer(range: try #require(IPv4Range(range)), address: try #require(IPv4("10.9.0.\(index + 1)")))
        }
        let gone = Peer(range: try #require(IPv4Range("10.244.9.0/24")), address: try #require(IPv4("10.9.0.9")))
        let namespaces = ["vxa-\(mark)", "vxb-\(mark)"]
        defer {
            for namespace in namespaces { _ = try? Command(["ip", "netns", "delete", namespace]).runBlocking() }
            try? Files.removeTree(folder)
        }
        for namespace in namespaces { try await Command(["ip", "netns", "add", namespace]).run() }
        try await Command([
            "ip", "link", "add", "eth0", "netns", namespaces[0], "type", "veth", "peer", "name", "eth0", "netns", namespaces[1],
        ]).run()
        var ledgers: [Ledger] = []
        for (index, namespace) in namespaces.enumerated() {
            let path = "/run/netns/\(namespace)"
            let ledger = try Ledger(path: "\(folder)/\(index)", networkNamespace: path)
            ledgers.append(ledger)
            for arguments in [
                ["link", "set", "lo", "up"], ["address", "add", "10.9.0.\(index + 1)/24", "dev", "eth0"],
                ["link", "set", "eth0", "mtu", "1400", "up"],
                // A pod, as far as routes are concerned.
                ["address", "add", "10.244.\(index + 1).5/32", "dev", "lo"],
            ] { try await Command(["ip"] + arguments, networkNamespace: path).run() }
            let link = OverlayLink(peer: peers[index], ledger: ledger)
            try await link.ensure()
            try await link.ensure()
            try NetworkNamespace.run(path) {
                let tables = try PeerTables()
                try tables.putOverlay(gone)
                #expect(try tables.isOnLink(peers[1 - index].address) && !tables.isOnLink(IPv4(bits: peers[1 - index].range.address.bits + 5)))
                try tables.putOverlay(peers[1 - index])
                // Once more, as after a change; and what is of nodes that are gone goes.
                try tables.putOverlay(peers[1 - index])
                try tables.keepOnly(overlay: [peers[1 - index]], direct: [])
                #expect(try tables.routes() == [peers[1 - index].range])
            }
        }
        let first = ledgers[0].networkNamespace
        let receiver = try NetworkNamespace.run(ledgers[1].networkNamespace) { try Datagrams(address: "10.244.2.5", port: 9999) }
        let sender = try NetworkNamespace.run(first) { try Datagrams(address: "10.244.1.5", port: 9999) }
        sender.send([1, 2, 3], to: "10.244.2.5", port: 9999)
        #expect(receiver.receive() == [1, 2, 3])
        receiver.send([4], to: "10.244.1.5", port: 9999)
        #expect(sender.receive() == [4])
        let shown = try await Command(["ip", "-details", "link", "show", "dev", OverlayLink.name], networkNamespace: first).run().outputText
        #expect(shown.contains("mtu 1350") && shown.contains("local 10.9.0.1") && shown.contains("nolearning"))
        let ends = try await Command(["ip", "neigh", "show", "dev", OverlayLink.name], networkNamespace: first).run().outputText
        #expect(ends.split(separator: "\n").count == 1 && ends.contains("10.244.2.0 lladdr 0a:56:0a:f4:02:00 PERMANENT"))
        // Straight to the node instead, and back.
        try NetworkNamespace.run(first) {
            let tables = try PeerTables()
            try tables.keepOnly(overlay: [], direct: [peers[1]])
            try tables.putDirect(peers[1])
        }
        let route = try await Command(["ip", "route", "show", "10.244.2.0/24"], networkNamespace: first).run().outputText
        #expect(route.contains("via 10.9.0.2 dev eth0"))
        for ledger in ledgers { #expect(await ledger.undoAll().isEmpty) }
        #expect(try await Command(["ip", "-brief", "link"], networkNamespace: first).run().outputText.contains(OverlayLink.name) == false)
    }
}

/// A UDP socket of the network namespace in which it was made.
private final class Datagrams: Sendable {
    private let descriptor: Int32

    init(address: String, port: UInt16) throws {
        descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var timeout = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        let failure = Self.with(address, port) { bind(descriptor, $0, $1) }
        if failure != 0 { throw SystemError("bind \(address)", errno: errno) }
    }

    deinit { close(descriptor) }

    func send(_ bytes: [UInt8], to address: String, port: UInt16) {
        _ = Self.with(address, port) { sendto(descriptor, bytes, bytes.count, 0, $0, $1) }
    }

    /// Empty when nothing comes.
    func receive() -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 2000)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        return Array(buffer.prefix(max(count, 0)))
    }

    private static func with<Result>(_ address: String, _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        var target = sockaddr_in()
        target.sin_family = sa_family_t(AF_INET)
        target.sin_port = port.bigEndian
        inet_pton(AF_INET, address, &target.sin_addr)
        return withUnsafePointer(to: &target) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }
}
