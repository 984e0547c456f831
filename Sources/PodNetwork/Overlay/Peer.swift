import CoreV1
import Linux

/// Another node, as far as the way to its pods needs it.
struct Peer: Hashable, Sendable {
    /// Its range of pod addresses.
    var range: IPv4Range
    /// Its own address.
    var address: IPv4

    init(range: IPv4Range, address: IPv4) {
        self.range = range
        self.address = address
    }

    /// Nil until the node has a range and an address.
    init?(_ node: Node) {
        guard let range = node.spec.podCIDR.flatMap(IPv4Range.init), let address = Peer.internalAddress(node) else { return nil }
        self.init(range: range, address: address)
    }

    static func internalAddress(_ node: Node) -> IPv4? {
        node.status.addresses.lazy.filter { $0.type == "InternalIP" }.compactMap { IPv4($0.address) }.first
    }

    /// The hardware address of a node's end of the overlay. It follows from the node's range, so that nobody need be told of it.
    static func hardwareAddress(_ range: IPv4Range) -> [UInt8] {
        // Locally administered, for one receiver.
        [0x0A, 0x56] + range.address.bytes
    }
}
