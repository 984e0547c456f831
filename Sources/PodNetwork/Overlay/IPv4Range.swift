/// A range of IPv4 addresses, such as `10.244.1.0/24`.
struct IPv4Range: Hashable, Sendable, CustomStringConvertible {
    /// The first address.
    let address: UInt32
    let prefix: UInt8

    /// Nil for what is none. Bits behind the prefix are dropped.
    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let address = IPv4Range.address(String(parts[0])), let prefix = UInt8(parts[1]), prefix <= 32 else { return nil }
        self.init(address: address, prefix: prefix)
    }

    init(address: UInt32, prefix: UInt8) {
        self.address = prefix == 0 ? 0 : address & (UInt32.max << (32 - UInt32(prefix)))
        self.prefix = prefix
    }

    var description: String { "\(Self.text(address))/\(prefix)" }

    /// Nil for what is no address.
    static func address(_ text: String) -> UInt32? {
        let numbers = text.split(separator: ".", omittingEmptySubsequences: false)
        guard numbers.count == 4 else { return nil }
        var address: UInt32 = 0
        for number in numbers {
            guard let byte = UInt8(number) else { return nil }
            address = address << 8 | UInt32(byte)
        }
        return address
    }

    static func text(_ address: UInt32) -> String {
        "\(address >> 24).\(address >> 16 & 255).\(address >> 8 & 255).\(address & 255)"
    }

    /// In the order of the network.
    static func bytes(_ address: UInt32) -> [UInt8] {
        [UInt8(address >> 24), UInt8(address >> 16 & 255), UInt8(address >> 8 & 255), UInt8(address & 255)]
    }

    static func address(bytes: [UInt8]) -> UInt32? {
        bytes.count == 4 ? bytes.reduce(0) { $0 << 8 | UInt32($1) } : nil
    }
}
