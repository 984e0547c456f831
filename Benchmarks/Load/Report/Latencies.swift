/// How long each of many things took.
struct Latencies: Sendable, Equatable {
    /// In nanoseconds, in no order.
    private(set) var samples: [UInt64]

    init(_ samples: [UInt64] = []) { self.samples = samples }

    mutating func add(_ others: Latencies) { samples += others.samples }

    /// In milliseconds: the time within which the given part (0...1) of the things was done. Nil when there was nothing.
    func milliseconds(at part: Double) -> Double? {
        guard !samples.isEmpty else { return nil }
        let sorted = samples.sorted()
        let index = (part * Double(sorted.count - 1)).rounded()
        return Double(sorted[min(max(Int(index), 0), sorted.count - 1)]) / 1e6
    }
}
