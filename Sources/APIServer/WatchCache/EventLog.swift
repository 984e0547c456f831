/// The newest changes of a resource, in revision order. Each has a number, counted from the cache's beginning; the oldest go first when there are
/// too many.
struct EventLog {
    private let eventsMax: Int
    private let bytesMax: Int
    /// A ring: the event numbered n is at n modulo the capacity.
    private var ring: [WatchCacheEvent?]
    private var bytes = 0
    /// The number of the oldest event kept, and the number that the next one will get.
    private(set) var first = 0
    private(set) var end = 0
    /// Every change after this revision is here.
    private(set) var floor: Int64

    /// - Parameters:
    ///   - floor: the revision that the log begins after.
    ///   - bytesMax: roughly how much the events may hold in memory; the newest few are kept whatever they hold.
    init(after floor: Int64, eventsMax: Int, bytesMax: Int) {
        self.floor = floor
        self.eventsMax = max(eventsMax, Self.eventsMin)
        self.bytesMax = bytesMax
        ring = Array(repeating: nil, count: 64)
    }

    static let eventsMin = 16

    subscript(_ number: Int) -> WatchCacheEvent? {
        guard number >= first, number < end else { return nil }
        return ring[number % ring.count]
    }

    mutating func append(_ event: WatchCacheEvent) {
        let held = event.bytesHeld
        while end - first >= eventsMax || (bytes + held > bytesMax && end - first >= Self.eventsMin) { dropFirst() }
        if end - first == ring.count { grow() }
        ring[end % ring.count] = event
        end += 1
        bytes += held
    }

    /// The number of the first event after `revision`; nil when changes after it are no longer here.
    func number(after revision: Int64) -> Int? {
        guard revision >= floor else { return nil }
        var low = first
        var high = end
        while low < high {
            let middle = (low + high) / 2
            if let event = ring[middle % ring.count], event.revision <= revision { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private mutating func dropFirst() {
        guard let event = ring[first % ring.count] else { return }
        ring[first % ring.count] = nil
        floor = event.revision
        bytes -= event.bytesHeld
        first += 1
    }

    private mutating func grow() {
        var larger = [WatchCacheEvent?](repeating: nil, count: ring.count * 2)
        for number in first..<end { larger[number % larger.count] = ring[number % ring.count] }
        ring = larger
    }
}
