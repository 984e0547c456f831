import JSON

/// A way to find entries other than by key: by a field that selectors ask for often.
package struct WatchCacheIndex: Sendable {
    package let name: String
    /// What an object is filed under; looks at bytes so that no tree is needed for every object that comes in.
    let values: @Sendable (ObjectScan) -> [String]

    /// - Parameter values: under what an object is filed: any number of texts.
    package init(_ name: String, values: @escaping @Sendable (ObjectScan) -> [String]) {
        self.name = name
        self.values = values
    }

    /// Files objects under the text at a path, `""` where there is none, as field selectors have it.
    package static func field(_ name: String, at path: [String]) -> WatchCacheIndex {
        WatchCacheIndex(name) { [$0.text(at: path) ?? ""] }
    }

    /// Files objects under the `uid`s of their owners.
    package static let ownerUID = WatchCacheIndex("metadata.ownerReferences.uid") { object in
        (object.value(at: ["metadata", "ownerReferences"])?.arrayValue ?? []).compactMap { $0["uid"]?.stringValue }
    }
}

/// One value of one index.
package struct WatchCacheIndexKey: Hashable, Sendable {
    package var index: String
    package var value: String

    package init(index: String, value: String) {
        self.index = index
        self.value = value
    }
}

/// The filled indexes of a cache.
struct IndexedEntries: Sendable {
    private let indexes: [WatchCacheIndex]
    private var filed: [WatchCacheIndexKey: SortedEntries] = [:]

    init(_ indexes: [WatchCacheIndex]) {
        self.indexes = indexes
    }

    /// nil when there is no such index.
    func entries(_ key: WatchCacheIndexKey) -> SortedEntries? {
        guard indexes.contains(where: { $0.name == key.index }) else { return nil }
        return filed[key] ?? SortedEntries()
    }

    mutating func replace(_ old: WatchCacheEntry?, with new: WatchCacheEntry?) {
        guard !indexes.isEmpty else { return }
        if let old {
            for key in keys(of: old) where new.map({ !keys(of: $0).contains(key) }) ?? true {
                filed[key]?.remove(old.key)
                if filed[key]?.count == 0 { filed[key] = nil }
            }
        }
        if let new {
            for key in keys(of: new) { filed[key, default: SortedEntries()].insert(new) }
        }
    }

    func keys(of entry: WatchCacheEntry) -> [WatchCacheIndexKey] {
        var keys: [WatchCacheIndexKey] = []
        for (index, values) in zip(indexes, entry.indexValues) {
            for value in values { keys.append(WatchCacheIndexKey(index: index.name, value: value)) }
        }
        return keys
    }
}
