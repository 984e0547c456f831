import Glibc
import Linux

/// The kernel's entries for other nodes: a route to each one's pods, and for those behind the overlay who its end is and where.
struct PeerTables {
    /// Marks our routes, so that those of nodes that are gone can be found: `ip route` calls it the protocol.
    static let routeProtocol: UInt8 = 97

    private static let familyIPv4 = UInt8(AF_INET)
    private static let familyBridge = UInt8(AF_BRIDGE)
    private static let tableMain: UInt8 = 254
    private static let permanent: UInt16 = 0x80
    private static let onlySelf: UInt8 = 2
    private static let onLink: UInt32 = 4
    private static let put = NetlinkMessage.Flag.create | NetlinkMessage.Flag.replace

    private let socket: NetlinkSocket
    /// The number of the overlay's link; 0 when there is none.
    private let overlay: UInt32

    /// For the network namespace of the calling thread.
    init() throws {
        socket = try NetlinkSocket()
        overlay = if_nametoindex(OverlayLink.name)
    }

    // MARK: One peer

    /// Sends what is for the peer's pods through the overlay. The route comes last: before it the kernel would ask for what nobody answers.
    func putOverlay(_ peer: Peer) throws {
        let end = peer.range.address
        let hardware = Peer.hardwareAddress(peer.range)
        try socket.perform(
            neighbour(NetlinkMessage.Kind.newNeighbour, Self.put, Self.familyIPv4, destination: end, hardware: hardware),
            what: "tell the overlay's end of \(peer.range)")
        try socket.perform(
            neighbour(NetlinkMessage.Kind.newNeighbour, Self.put, Self.familyBridge, destination: peer.address, hardware: hardware),
            what: "tell the node behind the overlay's end of \(peer.range)")
        try socket.perform(
            route(NetlinkMessage.Kind.newRoute, Self.put, peer.range, gateway: end, link: overlay), what: "make the route to \(peer.range)")
    }

    /// Sends what is for the peer's pods to the node, which is on a link of ours.
    func putDirect(_ peer: Peer) throws {
        try socket.perform(
            route(NetlinkMessage.Kind.newRoute, Self.put, peer.range, gateway: peer.address, link: nil),
            what: "make the route to \(peer.range) by \(peer.address)")
    }

    /// Whether an address is on a link of ours, so that no router is between.
    func isOnLink(_ address: IPv4) throws -> Bool {
        var message = NetlinkMessage(NetlinkMessage.Kind.getRoute, flags: 0)
        message.append(bytes: [Self.familyIPv4, 32, 0, 0, 0, 0, 0, 0])
        message.append(UInt32(0))
        message.attribute(1, address.bytes)
        // Where there is no way at all, none is straight.
        guard let answer = try socket.list(message, what: "find the way to \(address)", ignored: ENETUNREACH).first else {
            return false
        }
        return NetlinkReader.attributes(answer.payload, from: 12)[5] == nil
    }

    // MARK: Those that are gone

    /// Removes what is of nodes that are not among these.
    func keepOnly(overlay overlayPeers: [Peer], direct: [Peer]) throws {
        let ranges = Set((overlayPeers + direct).map(\.range))
        for range in try routes() where !ranges.contains(range) {
            try socket.perform(
                route(NetlinkMessage.Kind.deleteRoute, 0, range, gateway: nil, link: nil), what: "remove the route to \(range)", ignored: ESRCH)
        }
        guard overlay != 0 else { return }
        let ends = Set(overlayPeers.map(\.range.address))
        let hardware = Set(overlayPeers.map { Peer.hardwareAddress($0.range) })
        for entry in try neighbours(Self.familyIPv4) where !ends.contains(entry.destination) {
            try remove(entry, Self.familyIPv4)
        }
        for entry in try neighbours(Self.familyBridge) where !hardware.contains(entry.hardware) {
            try remove(entry, Self.familyBridge)
        }
    }

    private func remove(_ entry: Neighbour, _ family: UInt8) throws {
        try socket.perform(
            neighbour(NetlinkMessage.Kind.deleteNeighbour, 0, family, destination: entry.destination, hardware: entry.hardware),
            what: "forget the overlay's end \(entry.destination)", ignored: ENOENT)
    }

    /// The ranges to which we have made routes.
    func routes() throws -> [IPv4Range] {
        var message = NetlinkMessage(NetlinkMessage.Kind.getRoute, flags: NetlinkMessage.Flag.dump)
        message.append(bytes: [Self.familyIPv4, 0, 0, 0, 0, 0, 0, 0])
        message.append(UInt32(0))
        return try socket.list(message, what: "list routes").compactMap { answer in
            let body = Array(answer.payload.prefix(12))
            guard body.count == 12, body[4] == Self.tableMain, body[5] == Self.routeProtocol,
                let address = NetlinkReader.attributes(answer.payload, from: 12)[1].flatMap(IPv4.init(bytes:))
            else { return nil }
            return IPv4Range(address: address, prefix: body[1])
        }
    }

    struct Neighbour: Hashable {
        var destination: IPv4
        var hardware: [UInt8]
    }

    /// Entries of the overlay that stay until they are removed. For the family of bridges the destination is the node's address.
    private func neighbours(_ family: UInt8) throws -> [Neighbour] {
        var message = NetlinkMessage(NetlinkMessage.Kind.getNeighbour, flags: NetlinkMessage.Flag.dump)
        message.append(bytes: [family, 0, 0, 0])
        message.append(Int32(bitPattern: overlay))
        message.append(bytes: [0, 0, 0, 0])
        return try socket.list(message, what: "list the overlay's ends").compactMap { answer in
            guard answer.payload.first == family, NetlinkReader.number(answer.payload, 4, as: Int32.self) == Int32(bitPattern: overlay),
                let state = NetlinkReader.number(answer.payload, 8, as: UInt16.self), state & Self.permanent != 0
            else { return nil }
            let attributes = NetlinkReader.attributes(answer.payload, from: 12)
            guard let destination = attributes[1].flatMap(IPv4.init(bytes:)), let hardware = attributes[2] else { return nil }
            return Neighbour(destination: destination, hardware: hardware)
        }
    }

    // MARK: Messages

    private func neighbour(_ kind: UInt16, _ flags: UInt16, _ family: UInt8, destination: IPv4, hardware: [UInt8]) -> NetlinkMessage {
        var message = NetlinkMessage(kind, flags: flags)
        message.append(bytes: [family, 0, 0, 0])
        message.append(Int32(bitPattern: overlay))
        message.append(Self.permanent)
        message.append(bytes: [family == Self.familyBridge ? Self.onlySelf : 0, family == Self.familyBridge ? 0 : 1])
        message.attribute(1, destination.bytes)
        message.attribute(2, hardware)
        return message
    }

    private func route(_ kind: UInt16, _ flags: UInt16, _ range: IPv4Range, gateway: IPv4?, link: UInt32?) -> NetlinkMessage {
        var message = NetlinkMessage(kind, flags: flags)
        // Family, prefix, source prefix, service, table, protocol, scope everywhere, unicast.
        message.append(bytes: [
            Self.familyIPv4, range.prefix, 0, 0, Self.tableMain, Self.routeProtocol, 0, kind == NetlinkMessage.Kind.newRoute ? 1 : 0,
        ])
        message.append(link == nil ? UInt32(0) : Self.onLink)
        message.attribute(1, range.address.bytes)
        if let gateway { message.attribute(5, gateway.bytes) }
        if let link { message.attribute(4, link) }
        return message
    }
}
