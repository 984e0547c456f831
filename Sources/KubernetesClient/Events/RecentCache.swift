/// A dictionary that forgets what has not been used for longest once it grows beyond its limit.
struct RecentCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private var entries: [Key: (value: Value, usedAt: UInt64)] = [:]
    private var uses: UInt64 = 0
    private let entriesMax: Int

    init(entriesMax: Int) {
        self.entriesMax = entriesMax
    }

    var count: Int { entries.count }

    subscript(key: Key) -> Value? {
        mutating get {
            guard let value = entries[key]?.value else { return nil }
            uses += 1
            entries[key]?.usedAt = uses
            return value
        }
        set {
            uses += 1
            entries[key] = newValue.map { ($0, uses) }
            if entries.count > entriesMax { forgetOldest() }
        }
    }

    /// Forgets a quarter at once, so that the search for the oldest is paid for rarely.
    private mutating func forgetOldest() {
        let ages = entries.values.map(\.usedAt).sorted()
        let limit = ages[ages.count / 4]
        entries = entries.filter { $0.value.usedAt > limit }
    }
}
