import NIOCore
import Synchronization

/// The kinds of watch events, by their names in the API.
package enum WatchEventType: String, Sendable {
    case added = "ADDED"
    case modified = "MODIFIED"
    case deleted = "DELETED"
    case bookmark = "BOOKMARK"
    case error = "ERROR"

    /// An event of this type as it goes over the wire: one line of JSON.
    package func line(object: [UInt8]) -> [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(object.count + 32)
        line += #"{"type":""#.utf8
        line += rawValue.utf8
        line += #"","object":"#.utf8
        line += object
        line += "}\n".utf8
        return line
    }
}

/// One change of one object, as it stands in a cache's log. What watchers are sent of it is made once and shared by all of them.
package final class WatchCacheEvent: Sendable {
    package let revision: Int64
    /// The object after the change; nil when it was deleted.
    package let current: WatchCacheEntry?
    /// The object before the change; nil when it was made.
    package let previous: WatchCacheEntry?

    private let made = Mutex(Made())

    private struct Made {
        var leaving: WatchCacheEntry?
        var lines: [WatchEventType: ByteBuffer] = [:]
    }

    init(revision: Int64, current: WatchCacheEntry?, previous: WatchCacheEntry?) {
        self.revision = revision
        self.current = current
        self.previous = previous
    }

    var key: String {
        current?.key ?? previous?.key ?? ""
    }

    /// How the change looks to a watcher that sees only the objects for which `matches` is true: entering its view is being added, leaving it is
    /// being deleted; nil when it is none of its business.
    func type(for matches: (WatchCacheEntry) -> Bool) -> WatchEventType? {
        let isSeen = current.map(matches) ?? false
        let wasSeen = previous.map(matches) ?? false
        return switch (wasSeen, isSeen) {
        case (false, true): .added
        case (true, true): .modified
        case (true, false): .deleted
        case (false, false): nil
        }
    }

    /// The object that an event of this type carries: of a deletion, the last state seen, under the revision of the change.
    package func object(for type: WatchEventType) -> WatchCacheEntry? {
        guard type == .deleted else { return current }
        guard let previous else { return nil }
        return made.withLock { made in
            if let leaving = made.leaving { return leaving }
            let leaving = previous.withResourceVersion(revision)
            made.leaving = leaving
            return leaving
        }
    }

    /// The event as it goes over the wire.
    package func line(for type: WatchEventType) -> [UInt8] {
        Array(buffer(for: type).readableBytesView)
    }

    /// The same, shared and not copied.
    func buffer(for type: WatchEventType) -> ByteBuffer {
        guard let object = object(for: type) else { return ByteBuffer() }
        return made.withLock { made in
            if let line = made.lines[type] { return line }
            let line = ByteBuffer(bytes: type.line(object: object.bytes))
            made.lines[type] = line
            return line
        }
    }

    /// What keeping the event costs, roughly, its line included.
    var bytesHeld: Int {
        2 * (current?.bytes.count ?? 0) + (previous?.bytes.count ?? 0) + 256
    }
}
