/// An IPv4 address.
struct IPv4: Hashable, Sendable, Comparable, CustomStringConvertible {
    var bits: UInt32

    /// Four decimal numbers without needless zeros; anything else is nil.
    init?(_ text: String) {
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

    var description: String { "\(bits >> 24).\(bits >> 16 & 255).\(bits >> 8 & 255).\(bits & 255)" }

    static func < (a: IPv4, b: IPv4) -> Bool { a.bits < b.bits }

    /// Whether the text is an address range such as `10.0.0.0/8`.
    static func isRange(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, IPv4(String(parts[0])) != nil, let prefix = UInt8(parts[1]) else { return false }
        return prefix <= 32
    }
}

/// Eight letters that tell names apart at a glance; the names themselves stand beside them.
enum ShortHash {
    static func of(_ text: String) -> String {
        // FNV-1a, 64 bits.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
        return String((0..<8).map { letters[Int(hash >> (64 - 5 * UInt64($0 + 1)) & 31)] })
    }
}
