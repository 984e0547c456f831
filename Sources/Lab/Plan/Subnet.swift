import Linux

/// A range of IPv4 addresses, such as `10.0.2.0/24`.
package struct Subnet: Equatable, Sendable, CustomStringConvertible {
    private let range: IPv4Range
    var prefix: Int { Int(range.prefix) }

    /// Nil for what is no range, has bits set beyond its prefix, or has no room for two machines and their gateway.
    package init?(_ text: String) {
        guard let range = IPv4Range(text), range.description == text, (8...29).contains(range.prefix) else { return nil }
        self.range = range
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

    private func host(_ number: Int) -> String { "\(IPv4(bits: range.address.bits &+ UInt32(truncatingIfNeeded: number)))" }

    package var description: String { "\(range)" }
}
