/// Which node has which of the cluster's pod ranges, and who waits for one.
///
/// Finding a free range looks at 64 ranges at a time and begins behind the one given out last, so that the range of a node that has just gone is
/// not used again at once: its addresses may still be remembered somewhere.
struct RangeTable {
    private let ranges: PodRanges
    /// One bit for each range that somebody has.
    private var words: [UInt64]
    private var next = 0
    /// How many nodes hold a range; only where it is not one: people can write the same range into two nodes.
    private var extraHolders: [Int: Int] = [:]
    private var held: [String: [Range<Int>]] = [:]
    private var used = 0

    init(_ ranges: PodRanges) {
        self.ranges = ranges
        words = Array(repeating: 0, count: (ranges.count + 63) / 64)
    }

    var isFull: Bool { used >= ranges.count }

    /// Notes the ranges that a node has. Cheap when they are known.
    mutating func note(_ node: String, has texts: [String]) {
        let numbers = texts.map(ranges.numbers).filter { !$0.isEmpty }
        if held[node] == numbers { return }
        release(node)
        held[node] = numbers
        for number in numbers.joined() { take(number) }
    }

    /// A free range, from now on the node's; the one it was given before if it was; nil when none is left.
    mutating func give(_ node: String) -> String? {
        if let own = held[node]?.first { return ranges.text(own.lowerBound) }
        guard let number = firstFree() else { return nil }
        take(number)
        held[node, default: []].append(number..<number + 1)
        next = number + 1 == ranges.count ? 0 : number + 1
        return ranges.text(number)
    }

    mutating func release(_ node: String) {
        for number in (held.removeValue(forKey: node) ?? []).joined() { drop(number) }
    }

    private mutating func take(_ number: Int) {
        let bit = UInt64(1) << UInt64(number % 64)
        if words[number / 64] & bit != 0 {
            extraHolders[number, default: 0] += 1
        } else {
            words[number / 64] |= bit
            used += 1
        }
    }

    private mutating func drop(_ number: Int) {
        if let extra = extraHolders[number] {
            extraHolders[number] = extra > 1 ? extra - 1 : nil
        } else {
            words[number / 64] &= ~(UInt64(1) << UInt64(number % 64))
            used -= 1
        }
    }

    private func firstFree() -> Int? {
        if isFull { return nil }
        return firstFree(from: next, to: ranges.count) ?? firstFree(from: 0, to: next)
    }

    private func firstFree(from start: Int, to end: Int) -> Int? {
        var number = start
        while number < end {
            // The bits before `number` in its word count as taken.
            let free = ~(words[number / 64] | ((UInt64(1) << UInt64(number % 64)) - 1))
            if free != 0 {
                let found = number / 64 * 64 + free.trailingZeroBitCount
                return found < end ? found : nil
            }
            number = (number / 64 + 1) * 64
        }
        return nil
    }
}
