import Storage

/// Entries sorted by key, in chunks that copies share: taking a copy costs one reference count, and a change after it copies one chunk and the list
/// of chunks, not the entries.
package struct SortedEntries: Sendable {
    static let chunkMax = 512

    /// None of them empty.
    private var chunks: [[WatchCacheEntry]] = []
    package private(set) var count = 0

    package init() {}

    /// From entries already sorted by key, no key twice.
    init(sorted entries: [WatchCacheEntry]) {
        count = entries.count
        let half = Self.chunkMax / 2
        chunks = stride(from: 0, to: entries.count, by: half).map { Array(entries[$0..<Swift.min($0 + half, entries.count)]) }
    }

    package subscript(_ key: String) -> WatchCacheEntry? {
        guard let place = place(of: key), place.index < chunks[place.chunk].count else { return nil }
        let entry = chunks[place.chunk][place.index]
        return compareKeys(entry.key, key) == 0 ? entry : nil
    }

    /// Puts an entry in; returns the one it replaces.
    @discardableResult
    mutating func insert(_ entry: WatchCacheEntry) -> WatchCacheEntry? {
        guard let (chunk, index) = place(of: entry.key) else {
            chunks.append([entry])
            count = 1
            return nil
        }
        if index < chunks[chunk].count, compareKeys(chunks[chunk][index].key, entry.key) == 0 {
            let old = chunks[chunk][index]
            chunks[chunk][index] = entry
            return old
        }
        chunks[chunk].insert(entry, at: index)
        count += 1
        if chunks[chunk].count > Self.chunkMax { split(chunk) }
        return nil
    }

    /// Takes an entry out and returns it.
    @discardableResult
    mutating func remove(_ key: String) -> WatchCacheEntry? {
        guard let (chunk, index) = place(of: key), index < chunks[chunk].count else { return nil }
        let old = chunks[chunk][index]
        guard compareKeys(old.key, key) == 0 else { return nil }
        chunks[chunk].remove(at: index)
        count -= 1
        if chunks[chunk].isEmpty {
            chunks.remove(at: chunk)
        } else {
            mergeIfSmall(chunk)
        }
        return old
    }

    /// Walks the entries with keys from `start` up to, but not including, `end` (nil: to the last).
    package func cursor(from start: String, to end: String? = nil) -> Cursor {
        guard let first = place(of: start) else { return Cursor(chunks: [], chunk: 0, index: 0) }
        var cursor = Cursor(chunks: chunks, chunk: first.chunk, index: first.index)
        if let end, let last = place(of: end) { cursor.stop(before: last) }
        return cursor
    }

    /// The entries with keys from `start` up to, but not including, `end` (nil: to the last), taken over a chunk at a time.
    func array(from start: String, to end: String?) -> [WatchCacheEntry] {
        guard let first = place(of: start), let last = end.map({ place(of: $0) }) ?? (chunks.count - 1, chunks[chunks.count - 1].count) else {
            return []
        }
        var result: [WatchCacheEntry] = []
        guard (first.chunk, first.index) < (last.chunk, last.index) else { return result }
        result.reserveCapacity(chunks[first.chunk...last.chunk].reduce(0) { $0 + $1.count })
        for chunk in first.chunk...last.chunk {
            let lower = chunk == first.chunk ? first.index : 0
            let upper = chunk == last.chunk ? last.index : chunks[chunk].count
            if lower < upper { result += chunks[chunk][lower..<upper] }
        }
        return result
    }

    /// How many entries come before the first whose key is `key` or comes after it.
    func rank(of key: String) -> Int {
        guard let place = place(of: key) else { return 0 }
        return chunks[..<place.chunk].reduce(place.index) { $0 + $1.count }
    }

    /// The last chunk that begins at or before the key (the first one if none does), and where in it the key is or would go; nil when there are no
    /// chunks.
    private func place(of key: String) -> (chunk: Int, index: Int)? {
        if chunks.isEmpty { return nil }
        var low = 0
        var high = chunks.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if compareKeys(chunks[middle][0].key, key) <= 0 { low = middle } else { high = middle }
        }
        let chunk = low
        low = 0
        high = chunks[chunk].count
        while low < high {
            let middle = (low + high) / 2
            if compareKeys(chunks[chunk][middle].key, key) < 0 { low = middle + 1 } else { high = middle }
        }
        return (chunk, low)
    }

    private mutating func split(_ chunk: Int) {
        let half = chunks[chunk].count / 2
        let tail = Array(chunks[chunk][half...])
        chunks[chunk].removeSubrange(half...)
        chunks.insert(tail, at: chunk + 1)
    }

    private mutating func mergeIfSmall(_ chunk: Int) {
        guard chunks[chunk].count < Self.chunkMax / 8, chunk + 1 < chunks.count else { return }
        guard chunks[chunk].count + chunks[chunk + 1].count <= Self.chunkMax / 2 else { return }
        chunks[chunk] += chunks[chunk + 1]
        chunks.remove(at: chunk + 1)
    }
}

extension SortedEntries: Sequence {
    /// A place in the entries as they were when it was made.
    package struct Cursor: IteratorProtocol, Sendable {
        private let chunks: [[WatchCacheEntry]]
        private var chunk: Int
        private var index: Int
        /// The chunk in which the walk ends, and before which of its entries.
        private var lastChunk: Int
        private var lastEnd: Int

        fileprivate init(chunks: [[WatchCacheEntry]], chunk: Int, index: Int) {
            self.chunks = chunks
            self.chunk = chunk
            self.index = index
            lastChunk = chunks.count - 1
            lastEnd = chunks.last?.count ?? 0
        }

        fileprivate mutating func stop(before place: (chunk: Int, index: Int)) {
            lastChunk = place.chunk
            lastEnd = place.index
        }

        package mutating func next() -> WatchCacheEntry? {
            while chunk <= lastChunk {
                if index < (chunk == lastChunk ? lastEnd : chunks[chunk].count) {
                    index += 1
                    return chunks[chunk][index - 1]
                }
                chunk += 1
                index = 0
            }
            return nil
        }
    }

    package func makeIterator() -> Cursor {
        Cursor(chunks: chunks, chunk: 0, index: 0)
    }

    package var underestimatedCount: Int { count }
}
