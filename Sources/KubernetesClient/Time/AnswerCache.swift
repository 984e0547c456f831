import Synchronization

/// Remembers answers for a while, a limited number of them.
package final class AnswerCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    static var entriesMax: Int { 1024 }

    private let time: TimeSource
    private let entries = Mutex<[Key: (value: Value, until: Duration)]>([:])

    package init(time: TimeSource) {
        self.time = time
    }

    package subscript(_ key: Key) -> Value? {
        let now = time.uptime()
        return entries.withLock { $0[key] }.flatMap { now < $0.until ? $0.value : nil }
    }

    package func remember(_ key: Key, _ value: Value, for life: Duration) {
        guard life > .zero else { return }
        let now = time.uptime()
        entries.withLock { entries in
            if entries.count >= Self.entriesMax { entries = entries.filter { now < $0.value.until } }
            if entries.count >= Self.entriesMax { entries = [:] }
            entries[key] = (value, now + life)
        }
    }
}
