/// An IPv4 address.
package struct IPv4: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let bits: UInt32

    package init(bits: UInt32) {
        self.bits = bits
    }

    /// Four decimal numbers without needless zeros; anything else is nil.
    package init?(_ text: some StringProtocol) {
        var bits: UInt32 = 0
        var parts = 0
        for part in text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false) {
            guard (1...3).contains(part.count), part.count == 1 || part.first != UInt8(ascii: "0"),
                part.allSatisfy({ (0x30...0x39).contains($0) })
            else { return nil }
            let number = part.reduce(UInt32(0)) { $0 * 10 + UInt32($1 - 0x30) }
            guard number < 256 else { return nil }
            bits = bits << 8 | number
            parts += 1
        }
        guard parts == 4 else { return nil }
        self.bits = bits
    }

    /// From four bytes in the order of the network; nil for another number of them.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 4 else { return nil }
        bits = bytes.reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// In the order of the network.
    package var bytes: [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: bits >> $0) } }

    package var description: String { "\(bits >> 24).\(bits >> 16 & 255).\(bits >> 8 & 255).\(bits & 255)" }

    package static func < (a: IPv4, b: IPv4) -> Bool { a.bits < b.bits }
}

/// A range of IPv4 addresses, such as `10.244.1.0/24`.
package struct IPv4Range: Hashable, Sendable, CustomStringConvertible {
    /// The first address.
    package let address: IPv4
    package let prefix: UInt8

    /// Nil for what is none. Bits behind the prefix are dropped.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let address = IPv4(parts[0]), let prefix = UInt8(parts[1]), prefix <= 32 else { return nil }
        self.init(address: address, prefix: prefix)
    }

    /// - Parameter prefix: what is more than 32 bits counts as 32.
    package init(address: IPv4, prefix: UInt8) {
        self.prefix = min(prefix, 32)
        // A shift by all 32 bits leaves none.
        self.address = IPv4(bits: address.bits & (UInt32.max << (32 - UInt32(self.prefix))))
    }

    package var description: String { "\(address)/\(prefix)" }
}
