/// An address of either family: 4 or 16 bytes in network order.
package struct IPAddress: Sendable, Hashable, CustomStringConvertible {
    package let bytes: [UInt8]

    init(bytes: [UInt8]) { self.bytes = bytes }

    package var isIPv6: Bool { bytes.count == 16 }
    /// The name of the family in the API.
    package var family: String { isIPv6 ? "IPv6" : "IPv4" }

    /// Whether one machine beyond this one's own link may have the address: it is not unspecified, loopback, link-local, multicast or broadcast.
    package var isGlobalUnicast: Bool {
        if bytes.allSatisfy({ $0 == 0 }) || bytes.allSatisfy({ $0 == 0xFF }) { return false }
        if !isIPv6 { return bytes[0] != 127 && !(224...239).contains(bytes[0]) && !(bytes[0] == 169 && bytes[1] == 254) }
        if bytes[0] == 0xFF || bytes[0] == 0xFE && bytes[1] & 0xC0 == 0x80 { return false }
        let isLoopback = bytes.dropLast().allSatisfy { $0 == 0 } && bytes[15] == 1
        let mapped = bytes.prefix(10).allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
        return !isLoopback && (!mapped || IPAddress(bytes: Array(bytes[12...])).isGlobalUnicast)
    }

    /// nil when the text is not an address. Octets with leading zeros are refused, as they mean different things to different programs.
    package init?(_ text: String) {
        if text.utf8.contains(UInt8(ascii: ":")) {
            guard let bytes = Self.parse6(text) else { return nil }
            self.bytes = bytes
        } else {
            guard let bytes = Self.parse4(text[...]) else { return nil }
            self.bytes = bytes
        }
    }

    private static func parse4(_ text: Substring) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bytes: [UInt8] = []
        for part in parts {
            guard (1...3).contains(part.utf8.count), part.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }), let byte = UInt8(part) else { return nil }
            if part.utf8.count > 1, part.hasPrefix("0") { return nil }
            bytes.append(byte)
        }
        return bytes
    }

    private static func parse6(_ text: String) -> [UInt8]? {
        let halves = text.components(separatedBy: "::")
        guard halves.count <= 2 else { return nil }
        guard let head = groups(halves[0]) else { return nil }
        if halves.count == 1 { return head.count == 16 ? head : nil }
        guard let tail = groups(halves[1]), head.count + tail.count <= 14 else { return nil }
        return head + [UInt8](repeating: 0, count: 16 - head.count - tail.count) + tail
    }

    private static func groups(_ text: String) -> [UInt8]? {
        if text.isEmpty { return [] }
        var bytes: [UInt8] = []
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
            if index == parts.count - 1, part.contains(".") {
                guard let last = parse4(part) else { return nil }
                bytes += last
            } else {
                guard (1...4).contains(part.utf8.count), !part.hasPrefix("+"), !part.hasPrefix("-"), let group = UInt16(part, radix: 16) else {
                    return nil
                }
                bytes += [UInt8(group >> 8), UInt8(group & 0xFF)]
            }
        }
        return bytes.count <= 16 ? bytes : nil
    }

    /// The canonical form: RFC 5952 for IPv6.
    package var description: String {
        if !isIPv6 { return bytes.map { "\($0)" }.joined(separator: ".") }
        let groups = stride(from: 0, to: 16, by: 2).map { UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]) }
        // The longest run of two or more zero groups, the first of equals, is left out.
        var best: Range<Int>?
        var start = 0
        while start < 8 {
            var end = start
            while end < 8, groups[end] == 0 { end += 1 }
            if end - start >= 2, end - start > (best?.count ?? 0) { best = start..<end }
            start = max(end, start + 1)
        }
        func text(_ range: Range<Int>) -> String { groups[range].map { String($0, radix: 16) }.joined(separator: ":") }
        guard let best else { return text(0..<8) }
        return text(0..<best.lowerBound) + "::" + text(best.upperBound..<8)
    }

    /// The address this many places further on, within the width of the family.
    func advanced(by offset: UInt64) -> IPAddress {
        var bytes = bytes
        var carry = offset
        for index in bytes.indices.reversed() where carry > 0 {
            let sum = UInt64(bytes[index]) + (carry & 0xFF)
            bytes[index] = UInt8(truncatingIfNeeded: sum)
            carry = (carry >> 8) + (sum >> 8)
        }
        return IPAddress(bytes: bytes)
    }
}

extension String {
    /// Splits at every occurrence of a separator of several characters.
    fileprivate func components(separatedBy separator: String) -> [String] {
        var parts: [String] = []
        var rest = self[...]
        while let range = rest.firstRange(of: separator) {
            parts.append(String(rest[..<range.lowerBound]))
            rest = rest[range.upperBound...]
        }
        parts.append(String(rest))
        return parts
    }
}

/// A range of addresses in CIDR form.
package struct IPRange: Sendable, Hashable, CustomStringConvertible {
    package let base: IPAddress
    package let prefixLength: Int

    /// nil when the text is not `address/length`. Bits behind the prefix are dropped.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let address = IPAddress(String(parts[0])), let length = Int(parts[1]), length >= 0, length <= address.bytes.count * 8
        else { return nil }
        var bytes = address.bytes
        for bit in length..<(bytes.count * 8) { bytes[bit / 8] &= ~(0x80 >> UInt8(bit % 8)) }
        base = IPAddress(bytes: bytes)
        prefixLength = length
    }

    package var description: String { "\(base)/\(prefixLength)" }

    package func contains(_ address: IPAddress) -> Bool {
        guard address.isIPv6 == base.isIPv6 else { return false }
        for bit in 0..<prefixLength {
            let mask = UInt8(0x80 >> (bit % 8))
            if address.bytes[bit / 8] & mask != base.bytes[bit / 8] & mask { return false }
        }
        return true
    }

    /// How many addresses there are, at most 2^63.
    var size: UInt64 { UInt64(1) << UInt64(min(base.bytes.count * 8 - prefixLength, 63)) }
}
