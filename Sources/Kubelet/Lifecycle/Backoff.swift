/// Growing delays per key: nothing at first, then `initial`, doubled each time up to `maximum`; forgotten after twice the maximum of quiet.
/// The same arithmetic for restarts of containers and for pulls of images.
struct Backoff: Sendable {
    private struct Entry: Sendable {
        var delay: Duration
        var updated: Timestamp
    }

    let initial: Duration
    let maximum: Duration
    private var entries: [String: Entry] = [:]

    init(initial: Duration = .seconds(10), maximum: Duration = .seconds(300)) {
        self.initial = initial
        self.maximum = maximum
    }

    /// The moment until which `key` has to wait after something failed at `failure`; nil when it need not wait (any more).
    func waitsUntil(_ key: String, after failure: Timestamp, now: Timestamp) -> Timestamp? {
        guard let entry = entries[key], !expired(entry, at: failure) else { return nil }
        let end = failure + entry.delay
        return now < end ? end : nil
    }

    /// The delay that holds for `key` at present.
    func delay(_ key: String) -> Duration {
        entries[key]?.delay ?? .zero
    }

    func lastAttempt(_ key: String) -> Timestamp? {
        entries[key]?.updated
    }

    /// Notes one more attempt, after which the wait is longer.
    mutating func attempt(_ key: String, after failure: Timestamp, now: Timestamp) {
        if let entry = entries[key], !expired(entry, at: failure) {
            entries[key] = Entry(delay: min(entry.delay * 2, maximum), updated: now)
        } else {
            entries[key] = Entry(delay: min(initial, maximum), updated: now)
        }
    }

    mutating func reset(_ key: String) {
        entries[key] = nil
    }

    /// Drops what has been quiet for long; call it now and then.
    mutating func collect(now: Timestamp) {
        entries = entries.filter { !expired($0.value, at: now) }
    }

    private func expired(_ entry: Entry, at moment: Timestamp) -> Bool {
        moment.since(entry.updated) > maximum * 2
    }
}
