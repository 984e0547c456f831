/// An IP address as its 4 or 16 bytes in network order.
package struct IPAddressBytes: Hashable, Sendable {
    package let bytes: [UInt8]

    package var isIPv4: Bool { bytes.count == 4 }

    package init?(bytes: [UInt8]) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        self.bytes = bytes
    }

    /// Parses dotted IPv4 or hexadecimal IPv6 with at most one `::`. Zones and embedded IPv4 are not accepted.
    package init?(_ text: String) {
        if text.contains(":") {
            guard let parsed = Self.ipv6(text) else { return nil }
            bytes = parsed
        } else {
            guard let parsed = Self.ipv4(text) else { return nil }
            bytes = parsed
        }
    }

    private static func ipv4(_ text: String) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bytes: [UInt8] = []
        for part in parts {
            guard (1...3).contains(part.count), part.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let value = UInt8(part),
                part.count == 1 || part.first != "0"
            else { return nil }
            bytes.append(value)
        }
        return bytes
    }

    private static func ipv6(_ text: String) -> [UInt8]? {
        func groups(_ part: Substring) -> [UInt16]? {
            if part.isEmpty { return [] }
            var values: [UInt16] = []
            for group in part.split(separator: ":", omittingEmptySubsequences: false) {
                guard (1...4).contains(group.count), group.utf8.allSatisfy({ $0 != 0x2b && $0 != 0x2d }), let value = UInt16(group, radix: 16)
                else { return nil }
                values.append(value)
            }
            return values
        }
        var values: [UInt16]
        if let gap = text.firstRange(of: "::") {
            guard let head = groups(text[..<gap.lowerBound]), let tail = groups(text[gap.upperBound...]), head.count + tail.count < 8 else {
                return nil
            }
            values = head + Array(repeating: 0, count: 8 - head.count - tail.count) + tail
        } else {
            guard let all = groups(text[...]), all.count == 8 else { return nil }
            values = all
        }
        return values.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xff)] }
    }

    /// The name under which a PTR query asks for this address (`in-addr.arpa`, `ip6.arpa`).
    package var reverseName: DNSName {
        if isIPv4 { return DNSName(labels: bytes.reversed().map { String($0) } + ["in-addr", "arpa"]) }
        let nibbles = bytes.reversed().flatMap { [String($0 & 0x0f, radix: 16), String($0 >> 4, radix: 16)] }
        return DNSName(labels: nibbles + ["ip6", "arpa"])
    }

    /// The label that stands for an address in pod and headless-service names: `10-0-0-1`, `fd00--1`.
    package static func dashed(_ text: String) -> String {
        String(text.map { $0 == "." || $0 == ":" ? "-" : $0 })
    }

    /// The address that a dashed label stands for.
    package init?(dashed label: String) {
        let dashes = label.map { $0 == "-" ? "." : $0 }
        if let address = IPAddressBytes(String(dashes)), address.isIPv4 {
            self = address
        } else if let address = IPAddressBytes(String(label.map { $0 == "-" ? ":" : $0 })), !address.isIPv4 {
            self = address
        } else {
            return nil
        }
    }

    /// The address as a record of its family.
    package var recordData: DNSRecordData { isIPv4 ? .a(bytes) : .aaaa(bytes) }
}
