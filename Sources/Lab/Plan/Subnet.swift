/// A range of IPv4 addresses, such as `10.0.2.0/24`.
package struct Subnet: Equatable, Sendable, CustomStringConvertible {
    let base: UInt32
    let prefix: Int

    /// Nil for what is no range, has bits set beyond its prefix, or has no room for two machines and their gateway.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let base = Self.address(parts[0]), let prefix = Int(parts[1]), (8...29).contains(prefix),
            base & (UInt32.max >> UInt32(prefix)) == 0
        else { return nil }
        self.base = base
        self.prefix = prefix
    }

    /// Addresses of hosts, without that of the range and that for all.
    var hostCount: Int { (1 << (32 - prefix)) - 2 }

    /// Of the bridge, to which machines send what is for others.
    var gateway: String { host(1) }

    /// How many machines have room.
    var machinesMax: Int { hostCount - firstMachine + 1 }

    /// The address of a machine, counted from 0, and its prefix are what its link gets.
    func machine(_ index: Int) -> String { host(firstMachine + index) }

    /// The first machine has the number that it has in many a tutorial, where the range is wide enough.
    private var firstMachine: Int { prefix <= 26 ? 15 : 2 }

    private func host(_ number: Int) -> String {
        let value = base &+ UInt32(truncatingIfNeeded: number)
        return [24, 16, 8, 0].map { "\(value >> $0 & 0xFF)" }.joined(separator: ".")
    }

    package var description: String { "\(host(0))/\(prefix)" }

    private static func address(_ text: Substring) -> UInt32? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var value: UInt32 = 0
        for part in parts {
            guard let byte = UInt8(part) else { return nil }
            value = value << 8 | UInt32(byte)
        }
        return value
    }
}
