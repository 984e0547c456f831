/// The ranges into which the cluster's IPv4 pod range is cut, one for each node.
package struct PodRanges: Sendable, CustomStringConvertible {
    private let base: UInt32
    private let prefix: Int
    private let nodePrefix: Int

    /// The node's prefix may be at most this much longer than the cluster's: more nodes than that no cluster has.
    static let prefixDifferenceMax = 16

    /// - Parameters:
    ///   - clusterCIDR: such as `10.244.0.0/16`.
    ///   - nodePrefix: the length of a node's prefix: 24 gives it 256 addresses.
    /// - Returns: nil when the text is no IPv4 range, or the nodes' prefix is not inside it or more than 16 bits longer.
    package init?(clusterCIDR: String, nodePrefix: Int = 24) {
        guard let (base, prefix) = Self.parse(clusterCIDR), prefix <= 30, (prefix...30).contains(nodePrefix),
            nodePrefix - prefix <= Self.prefixDifferenceMax
        else { return nil }
        self.base = base
        self.prefix = prefix
        self.nodePrefix = nodePrefix
    }

    package var description: String { "\(Self.dotted(base))/\(prefix)" }

    /// How many nodes can have one.
    var count: Int { 1 << (nodePrefix - prefix) }

    /// The range with this number, as `spec.podCIDR` has it.
    func text(_ number: Int) -> String {
        "\(Self.dotted(base &+ UInt32(truncatingIfNeeded: number) << UInt32(32 - nodePrefix)))/\(nodePrefix)"
    }

    /// The numbers of the ranges that a range takes from, be it larger or smaller than a node's; none when it lies outside the cluster's.
    func numbers(of range: String) -> Range<Int> {
        guard let (start, length) = Self.parse(range) else { return 0..<0 }
        let first = UInt64(start), last = first + (UInt64(1) << UInt64(32 - length)) - 1
        let clusterFirst = UInt64(base), clusterLast = clusterFirst + (UInt64(1) << UInt64(32 - prefix)) - 1
        guard first <= clusterLast, last >= clusterFirst else { return 0..<0 }
        let shift = UInt64(32 - nodePrefix)
        let low = (max(first, clusterFirst) - clusterFirst) >> shift
        let high = (min(last, clusterLast) - clusterFirst) >> shift
        return Int(low)..<Int(high) + 1
    }

    /// The first address, with the bits behind the prefix cleared, and the length of the prefix.
    private static func parse(_ text: String) -> (base: UInt32, prefix: Int)? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let prefix = Int(parts[1]), (0...32).contains(prefix) else { return nil }
        let bytes = parts[0].split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        guard bytes.count == 4 else { return nil }
        var base: UInt32 = 0
        for byte in bytes {
            guard let byte else { return nil }
            base = base << 8 | UInt32(byte)
        }
        return (prefix == 0 ? 0 : base & ~UInt32((UInt64(1) << UInt64(32 - prefix)) - 1), prefix)
    }

    private static func dotted(_ address: UInt32) -> String {
        "\(address >> 24).\(address >> 16 & 0xff).\(address >> 8 & 0xff).\(address & 0xff)"
    }
}
