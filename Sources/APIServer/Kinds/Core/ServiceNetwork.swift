import KubernetesClient

/// The ranges from which Services are given addresses and ports.
package struct ServiceNetwork: Sendable {
    /// One range, or one of each family with the preferred one first.
    package let ranges: [IPRange]
    package let nodePorts: ClosedRange<Int64>

    package init(ranges: [IPRange], nodePorts: ClosedRange<Int64> = 30000...32767) {
        self.ranges = ranges
        self.nodePorts = nodePorts
    }

    var families: [String] { ranges.map(\.base.family) }

    func range(of family: String) -> IPRange? { ranges.first { $0.base.family == family } }

    /// The address of the `kubernetes` Service: the first of the first range.
    package var apiServerAddress: IPAddress? { ranges.first?.base.advanced(by: 1) }

    /// A free address. The low part of the range is left to those who choose their address themselves, until the rest is full.
    /// - Parameter isFree: asked for candidates until it says yes.
    static func pick(from range: IPRange, isFree: (IPAddress) -> Bool) -> IPAddress? {
        // Network address, and for IPv4 the broadcast address, are not handed out.
        let last = range.size - (range.base.isIPv6 ? 1 : 2)
        guard last >= 1 else { return nil }
        let band = min(max(16, range.size / 16), 256)
        if band < last {
            var random = RandomSource.current
            for _ in 0..<32 {
                let candidate = range.base.advanced(by: UInt64.random(in: band...last, using: &random))
                if isFree(candidate) { return candidate }
            }
        }
        var offset: UInt64 = band < last ? band : 1
        while offset <= min(last, 1 << 20) {
            let candidate = range.base.advanced(by: offset)
            if isFree(candidate) { return candidate }
            offset += 1
        }
        offset = 1
        while offset < min(band, last + 1) {
            let candidate = range.base.advanced(by: offset)
            if isFree(candidate) { return candidate }
            offset += 1
        }
        return nil
    }
}
