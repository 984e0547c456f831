/// The keys from `start` on up to, but not including, `end`.
package struct KeyRange: Sendable, Equatable {
    package var start: String
    /// The first key past the range; nil when the range has no upper bound.
    package var end: String?

    package init(from start: String, to end: String?) {
        self.start = start
        self.end = end
    }

    /// Exactly one key.
    package init(key: String) {
        start = key
        end = key + "\0"
    }

    /// All keys that begin with `prefix`.
    package init(prefix: String) {
        start = prefix
        end = Self.successor(ofPrefix: prefix)
    }

    /// Every key.
    package static let all = KeyRange(from: "", to: nil)

    package func contains(_ key: String) -> Bool {
        guard compareKeys(start, key) <= 0 else { return false }
        guard let end else { return true }
        return compareKeys(key, end) < 0
    }

    /// The smallest text that comes after everything beginning with `prefix`: its last scalar, raised by one. The order of scalars is the order
    /// of their UTF-8 forms.
    private static func successor(ofPrefix prefix: String) -> String? {
        if let last = prefix.utf8.last, last < 0x7F {
            // The common case without taking the text apart.
            var prefix = prefix
            return prefix.withUTF8 { source in
                String(unsafeUninitializedCapacity: source.count) { target in
                    _ = target.initialize(fromContentsOf: source)
                    target[source.count - 1] = last + 1
                    return source.count
                }
            }
        }
        var scalars = prefix.unicodeScalars
        while let last = scalars.popLast() {
            let next = last.value == 0xD7FF ? 0xE000 : last.value + 1  // the surrogates in between are no scalars
            if let scalar = Unicode.Scalar(next) {
                scalars.append(scalar)
                return String(scalars)
            }
        }
        return nil
    }
}

/// What to read: a range, at a revision, and how much of it.
package struct RangeRequest: Sendable {
    package var range: KeyRange
    /// The revision to read at; nil for the newest.
    package var revision: Int64?
    /// At most this many keys; nil for all. Zero asks for the count alone.
    package var limit: Int?
    /// Whether keys beyond the limit are counted. Counting goes through all keys of the range.
    package var countsAll: Bool

    package init(_ range: KeyRange, revision: Int64? = nil, limit: Int? = nil, countsAll: Bool = true) {
        self.range = range
        self.revision = revision
        self.limit = limit
        self.countsAll = countsAll
    }
}

/// The answer to a `RangeRequest`.
package struct RangeResult: Sendable, Equatable {
    /// In key order.
    package var keyValues: [KeyValue]
    /// The revision at which this was the state: the one asked for, or the newest when reading.
    package var revision: Int64
    /// Whether the limit left keys of the range out.
    package var more: Bool
    /// How many keys the whole range had at that revision, whatever the limit; if not all were to be counted, how many are in the answer.
    package var count: Int

    package init(keyValues: [KeyValue], revision: Int64, more: Bool, count: Int) {
        self.keyValues = keyValues
        self.revision = revision
        self.more = more
        self.count = count
    }
}
