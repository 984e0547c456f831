/// One thing to send to a watcher.
package enum WatchFrame: Sendable {
    /// An object that existed when the watch began.
    case initial(WatchCacheEntry)
    case change(WatchCacheEvent, as: WatchEventType)
    /// All changes up to `revision` have been handed out. `endsInitial` marks the one after the initial objects.
    case bookmark(revision: Int64, endsInitial: Bool, scope: ResourceScope)

    package var type: WatchEventType {
        switch self {
        case .initial: .added
        case .change(_, let type): type
        case .bookmark: .bookmark
        }
    }

    /// The object that the event carries, in the revision that it carries; nil for bookmarks.
    package var object: WatchCacheEntry? {
        switch self {
        case .initial(let entry): entry
        case .change(let event, let type): event.object(for: type)
        case .bookmark: nil
        }
    }

    package var resourceVersion: Int64 {
        switch self {
        case .initial(let entry): entry.resourceVersion
        case .change(let event, _): event.revision
        case .bookmark(let revision, _, _): revision
        }
    }

    /// The event as it goes over the wire, one line of JSON.
    package func line() -> [UInt8] {
        switch self {
        case .initial(let entry):
            return WatchEventType.added.line(object: entry.bytes)
        case .change(let event, let type):
            return event.line(for: type)
        case .bookmark(let revision, let endsInitial, let scope):
            let annotations = endsInitial ? #","annotations":{"\#(Self.initialEventsEnd)":"true"}"# : ""
            let object = """
                {"kind":"\(scope.kind)","apiVersion":"\(scope.apiVersion)",\
                "metadata":{"resourceVersion":"\(revision)"\(annotations)}}
                """
            return WatchEventType.bookmark.line(object: Array(object.utf8))
        }
    }

    /// The annotation on the bookmark that ends the initial objects.
    package static let initialEventsEnd = "k8s.io/initial-events-end"
}

/// What to watch, from where.
package struct WatchOptions: Sendable {
    package enum Start: Sendable, Equatable {
        /// With the objects that exist as ADDED, then the changes.
        case existing
        /// With the changes after a revision.
        case after(Int64)
        /// With the next change.
        case now
    }

    package var start: Start
    /// Only objects of this namespace.
    package var namespace: String?
    /// Only the object of this name.
    package var name: String?
    /// Only objects that an index files under this value. The selector must say the same: the index spares waking the watcher for others.
    package var indexKey: WatchCacheIndexKey?
    /// Only objects for which this is true; nil for all.
    package var selector: (@Sendable (WatchCacheEntry) -> Bool)?
    /// Whether the watcher wants bookmarks at all.
    package var allowBookmarks: Bool
    /// Whether a bookmark tells the end of the existing objects (`sendInitialEvents`); needs `allowBookmarks` and `.existing`.
    package var bookmarkAfterInitial: Bool

    package init(
        start: Start, namespace: String? = nil, name: String? = nil, indexKey: WatchCacheIndexKey? = nil,
        selector: (@Sendable (WatchCacheEntry) -> Bool)? = nil, allowBookmarks: Bool = false, bookmarkAfterInitial: Bool = false
    ) {
        self.start = start
        self.namespace = namespace
        self.name = name
        self.indexKey = indexKey
        self.selector = selector
        self.allowBookmarks = allowBookmarks
        self.bookmarkAfterInitial = bookmarkAfterInitial
    }
}
