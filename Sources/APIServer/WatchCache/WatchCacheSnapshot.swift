import Storage

/// The objects of a resource, or some of them, exactly as they were at one revision. Does not change; costs nothing to take.
package struct WatchCacheSnapshot: Sendable {
    /// What the list's `resourceVersion` is.
    package let revision: Int64
    /// All entries, sorted by key.
    package let entries: SortedEntries
    package let scope: ResourceScope

    /// The entries of a namespace (nil: of all), in key order, from the first key that comes after `after`.
    package func sequence(namespace: String? = nil, after: String? = nil) -> EntrySequence {
        let prefix = scope.keyPrefix(namespace: namespace)
        // The key's immediate successor, so that what comes after it is the first.
        let start = after.map { $0 + "\0" } ?? prefix
        return EntrySequence(cursor: entries.cursor(from: compareKeys(start, prefix) < 0 ? prefix : start, to: KeyRange(prefix: prefix).end))
    }

    /// All entries of a namespace (nil: of all namespaces), in key order.
    func array(namespace: String?) -> [WatchCacheEntry] {
        let range = KeyRange(prefix: scope.keyPrefix(namespace: namespace))
        return entries.array(from: range.start, to: range.end)
    }

    /// How many entries of a namespace (nil: of all) have keys after `key`.
    func count(namespace: String?, after key: String) -> Int {
        let end = scope.namespaced && namespace != nil ? KeyRange(prefix: scope.keyPrefix(namespace: namespace)).end : nil
        return (end.map { entries.rank(of: $0) } ?? entries.count) - entries.rank(of: key + "\0")
    }

    /// The entries of a range of keys; nil: all.
    func sequence(keys: KeyRange?) -> EntrySequence {
        let keys = keys ?? KeyRange(prefix: scope.prefix)
        return EntrySequence(cursor: entries.cursor(from: keys.start, to: keys.end))
    }

    package func entry(namespace: String?, name: String) -> WatchCacheEntry? {
        entries[scope.key(namespace: namespace, name: name)]
    }

    /// A walk over entries in key order.
    package struct EntrySequence: Sequence, IteratorProtocol, Sendable {
        fileprivate var cursor: SortedEntries.Cursor

        package mutating func next() -> WatchCacheEntry? { cursor.next() }
    }
}
