import Glibc

/// A range of addresses of either family, such as `10.96.0.0/12`.
struct AddressRange: Hashable {
    private let bytes: [UInt8]
    private let prefix: Int

    /// Nil when the text is no range.
    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let bytes = Self.bytes(parts[0]), let prefix = Int(parts[1]), (0...bytes.count * 8).contains(prefix) else {
            return nil
        }
        self.bytes = bytes
        self.prefix = prefix
    }

    /// The range of one address.
    init?(address: String) {
        guard let bytes = Self.bytes(address[...]) else { return nil }
        self.bytes = bytes
        prefix = bytes.count * 8
    }

    var family: String { bytes.count == 4 ? "IPv4" : "IPv6" }

    /// Whether all addresses of the other are in this one.
    func contains(_ other: AddressRange) -> Bool { prefix <= other.prefix && overlaps(other) }

    func overlaps(_ other: AddressRange) -> Bool {
        guard bytes.count == other.bytes.count else { return false }
        let bits = min(prefix, other.prefix)
        let whole = bits / 8
        guard bytes[..<whole] == other.bytes[..<whole] else { return false }
        let rest = bits % 8
        return rest == 0 || (bytes[whole] ^ other.bytes[whole]) >> UInt8(8 - rest) == 0
    }

    private static func bytes(_ text: Substring) -> [UInt8]? {
        let text = String(text)
        for (family, count) in [(AF_INET, 4), (AF_INET6, 16)] {
            var bytes = [UInt8](repeating: 0, count: count)
            if inet_pton(family, text, &bytes) == 1 { return bytes }
        }
        return nil
    }
}
