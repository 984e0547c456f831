/// A set of completion indexes, kept and written as intervals: `1,3-5,7`.
struct CompletionIndexes: Equatable, CustomStringConvertible {
    /// In order, apart from each other.
    private(set) var intervals: [ClosedRange<Int>] = []

    init() {}

    /// - Parameter indexes: in any order.
    init(_ indexes: some Sequence<Int>) {
        for index in Set(indexes).sorted() { append(index...index) }
    }

    /// Reads the text of a status; what is at or above `limit` is left out, and text that makes no sense counts as nothing.
    init(_ text: String, below limit: Int) {
        for part in text.split(separator: ",") {
            let bounds = part.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false).map { Int($0) }
            guard let first = bounds.first ?? nil, let last = bounds.last ?? nil, first >= 0, first <= last else {
                intervals = []
                return
            }
            guard first < limit else { continue }
            append(first...min(last, limit - 1))
        }
    }

    /// Joins an interval that begins at or after the last one's beginning.
    private mutating func append(_ interval: ClosedRange<Int>) {
        guard let last = intervals.last, interval.lowerBound <= last.upperBound + 1 else { return intervals.append(interval) }
        intervals[intervals.count - 1] = last.lowerBound...max(last.upperBound, interval.upperBound)
    }

    var count: Int { intervals.reduce(0) { $0 + $1.count } }
    var isEmpty: Bool { intervals.isEmpty }

    func contains(_ index: Int) -> Bool {
        var (low, high) = (0, intervals.count)
        while low < high {
            let middle = (low + high) / 2
            if intervals[middle].upperBound < index { low = middle + 1 } else { high = middle }
        }
        return low < intervals.count && intervals[low].contains(index)
    }

    func union(_ other: CompletionIndexes) -> CompletionIndexes {
        var result = CompletionIndexes()
        for interval in (intervals + other.intervals).sorted(by: { $0.lowerBound < $1.lowerBound }) { result.append(interval) }
        return result
    }

    func union(_ indexes: some Sequence<Int>) -> CompletionIndexes { union(CompletionIndexes(indexes)) }

    /// How many of the other's indexes are here too.
    func countShared(with other: CompletionIndexes) -> Int {
        var shared = 0
        var (mine, theirs) = (0, 0)
        while mine < intervals.count, theirs < other.intervals.count {
            let low = max(intervals[mine].lowerBound, other.intervals[theirs].lowerBound)
            let high = min(intervals[mine].upperBound, other.intervals[theirs].upperBound)
            if low <= high { shared += high - low + 1 }
            if intervals[mine].upperBound < other.intervals[theirs].upperBound { mine += 1 } else { theirs += 1 }
        }
        return shared
    }

    /// The lowest `count` indexes below `limit` that are not here.
    func missing(_ count: Int, below limit: Int) -> [Int] {
        var result: [Int] = []
        var candidate = 0
        for interval in intervals {
            while candidate < interval.lowerBound, candidate < limit, result.count < count {
                result.append(candidate)
                candidate += 1
            }
            candidate = max(candidate, interval.upperBound + 1)
        }
        while candidate < limit, result.count < count {
            result.append(candidate)
            candidate += 1
        }
        return result
    }

    var description: String {
        intervals.map { interval in
            if interval.count == 1 { return "\(interval.lowerBound)" }
            // Two neighbours are as short to list as to span.
            return "\(interval.lowerBound)\(interval.count == 2 ? "," : "-")\(interval.upperBound)"
        }.joined(separator: ",")
    }
}
