import JSON
import Linux

/// This node's end of the overlay: a VXLAN link that carries pods' packets to other nodes inside of UDP.
struct OverlayLink: Sendable {
    static let name = "apus-vxlan"
    static let identifier = 4097
    static let port = 8472
    /// Bytes that VXLAN puts around a packet: IPv4, UDP, its own header, and the inner frame's header.
    static let overhead = 50

    let peer: Peer
    let ledger: Ledger

    private var address: String { "\(peer.address)" }
    private var hardwareAddress: String {
        Peer.hardwareAddress(peer.range).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: ":")
    }

    /// Makes the link, or makes it anew where it is not as it should be.
    func ensure() async throws {
        let mtu = await NodeLinks(ledger: ledger).mtu(ofLinkWith: address).map { $0 - Self.overhead }
        if let present = await describe(), !fits(present, mtu) { try await ip(["link", "delete", "dev", Self.name]) }
        if await describe() == nil {
            try ledger.record(.link(Self.name))
            try await ip(
                ["link", "add", Self.name, "address", hardwareAddress] + (mtu.map { ["mtu", "\($0)"] } ?? [])
                    + ["type", "vxlan", "id", "\(Self.identifier)", "local", address, "dstport", "\(Self.port)", "nolearning"])
        }
        // From which this machine itself speaks to pods of others: the first of its range, which no pod gets.
        try await ip(["address", "replace", "\(peer.range.address)/32", "dev", Self.name])
        try await ip(["link", "set", "dev", Self.name, "up"])
    }

    private func fits(_ link: JSONValue, _ mtu: Int?) -> Bool {
        let data = link["linkinfo"]?["info_data"]
        return data?["id"]?.integerValue == Int64(Self.identifier) && data?["local"]?.stringValue == address
            && data?["port"]?.integerValue == Int64(Self.port) && link["address"]?.stringValue == hardwareAddress
            && (mtu == nil || link["mtu"]?.integerValue == mtu.map { Int64($0) })
    }

    private func describe() async -> JSONValue? {
        guard
            let result = try? await Command(["ip", "-json", "-details", "link", "show", "dev", Self.name], networkNamespace: ledger.networkNamespace)
                .run()
        else { return nil }
        return (try? JSONValue(parsing: result.output))?[0]
    }

    private func ip(_ arguments: [String]) async throws {
        try await Command(["ip"] + arguments, networkNamespace: ledger.networkNamespace).run()
    }
}

/// The links of a node.
struct NodeLinks: Sendable {
    let ledger: Ledger

    /// The largest packet of the link that bears an address; nil when none does.
    func mtu(ofLinkWith address: String) async -> Int? {
        guard let result = try? await Command(["ip", "-json", "address"], networkNamespace: ledger.networkNamespace).run(),
            let links = try? JSONValue(parsing: result.output)
        else { return nil }
        return Self.mtu(links, address)
    }

    static func mtu(_ links: JSONValue, _ address: String) -> Int? {
        let link = links.arrayValue?.first { link in
            link["addr_info"]?.arrayValue?.contains { $0["local"]?.stringValue == address } ?? false
        }
        return link?["mtu"]?.integerValue.flatMap { Int(exactly: $0) }
    }
}
