import KubernetesClient
import Synchronization

/// Growing pauses for many keys; a key that has been quiet for long starts anew.
final class KeyedBackoff<Key: Hashable & Sendable>: Sendable {
    private struct Entry {
        var pause: Duration
        var since: Duration
    }

    private let base: Duration
    private let limit: Duration
    private let time: TimeSource
    private let entries = Mutex<[Key: Entry]>([:])

    init(base: Duration, limit: Duration, time: TimeSource) {
        self.base = base
        self.limit = limit
        self.time = time
    }

    /// How long the key still has to wait; nil when it need not, and then its next pause has begun.
    func wait(_ key: Key) -> Duration? {
        let now = time.uptime()
        return entries.withLock { entries in
            guard let entry = entries[key], now - entry.since <= limit * 2 else {
                entries[key] = Entry(pause: base, since: now)
                return nil
            }
            let left = entry.since + entry.pause - now
            if left > .zero { return left }
            entries[key] = Entry(pause: min(entry.pause * 2, limit), since: now)
            return nil
        }
    }

    /// Drops the keys that have been quiet for so long that they would start anew.
    func forgetQuiet() {
        let now = time.uptime()
        entries.withLock { $0 = $0.filter { now - $0.value.since <= limit * 2 } }
    }
}
