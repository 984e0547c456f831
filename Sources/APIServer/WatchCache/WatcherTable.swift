/// Who watches a cache, how far each has come, and whom a change concerns.
///
/// A watcher is *parked* once it has fetched all there is for it: then it has no position, and it is woken by the next change that concerns it and
/// by none other, so a thousand watchers of one node's pods each cost nothing when another node's pod changes. One that is not parked has been told
/// to fetch and is not told again.
struct WatcherTable {
    /// Which changes wake a watcher; the narrowest that its options allow.
    enum Interest: Hashable {
        case everything
        case namespace(String)
        case key(String)
        case index(WatchCacheIndexKey)
    }

    struct Slot {
        let interest: Interest
        let wantsBookmarks: Bool
        let wake: @Sendable () -> Void
        /// The number of the next event to fetch; without meaning while parked.
        var position: Int
        var isParked = false
        var bookmarkIsDue = false
        var closed: WatchCacheError?
    }

    /// What a watcher got by asking once.
    struct Taken {
        var events: [WatchCacheEvent] = []
        /// All changes up to this revision have been taken, and a bookmark is to say so.
        var bookmark: Int64?
        var state = State.more

        enum State {
            case more
            case drained
            case closed(WatchCacheError)
        }
    }

    private var slots: [Int: Slot] = [:]
    private var interested: [Interest: [Int]] = [:]
    private var nextID = 0

    var count: Int { slots.count }

    mutating func add(_ slot: Slot) -> Int {
        nextID += 1
        slots[nextID] = slot
        interested[slot.interest, default: []].append(nextID)
        return nextID
    }

    /// - Returns: what was removed. To be let go of outside the cache's lock: its closure may hold the last reference to a watcher, which removes
    ///   itself from the table when it goes.
    mutating func remove(_ id: Int) -> Slot? {
        guard let slot = slots.removeValue(forKey: id) else { return nil }
        interested[slot.interest]?.removeAll { $0 == id }
        if interested[slot.interest]?.isEmpty == true { interested[slot.interest] = nil }
        return slot
    }

    /// The next events of a watcher.
    mutating func take(_ id: Int, max: Int, from log: EventLog, revision: Int64) -> Taken {
        var taken = Taken()
        guard var slot = slots[id] else {
            taken.state = .drained
            return taken
        }
        defer { slots[id] = slot }
        if slot.closed == nil, !slot.isParked, slot.position < log.first { slot.closed = .tooSlow }
        if let reason = slot.closed {
            taken.state = .closed(reason)
            return taken
        }
        if !slot.isParked {
            let end = min(log.end, slot.position + max)
            taken.events.reserveCapacity(end - slot.position)
            while slot.position < end, let event = log[slot.position] {
                taken.events.append(event)
                slot.position += 1
            }
            if slot.position < log.end { return taken }
        }
        slot.isParked = true
        taken.state = .drained
        if slot.bookmarkIsDue {
            slot.bookmarkIsDue = false
            taken.bookmark = revision
        }
        return taken
    }

    /// Unparks the watchers that the event concerns; returns how to wake them.
    mutating func unpark(for event: WatchCacheEvent, numbered number: Int, namespacePrefix: String?, indexes: IndexedEntries)
        -> [@Sendable () -> Void]
    {
        guard !slots.isEmpty else { return [] }
        var wakes: [@Sendable () -> Void] = []
        unpark(.everything, at: number, into: &wakes)
        if interested.count == (interested[.everything] == nil ? 0 : 1) { return wakes }
        unpark(.key(event.key), at: number, into: &wakes)
        if let namespacePrefix { unpark(.namespace(namespacePrefix), at: number, into: &wakes) }
        for entry in [event.previous, event.current] {
            guard let entry else { continue }
            for key in indexes.keys(of: entry) { unpark(.index(key), at: number, into: &wakes) }
        }
        return wakes
    }

    private mutating func unpark(_ interest: Interest, at number: Int, into wakes: inout [@Sendable () -> Void]) {
        for id in interested[interest] ?? [] {
            guard let slot = slots[id], slot.isParked else { continue }
            slots[id]?.isParked = false
            slots[id]?.position = number
            wakes.append(slot.wake)
        }
    }

    /// How many watchers a change of this key concerns, those by index aside.
    func interested(in key: String?, namespacePrefix: String?) -> Int {
        var count = interested[.everything]?.count ?? 0
        if let namespacePrefix { count += interested[.namespace(namespacePrefix)]?.count ?? 0 }
        if let key { count += interested[.key(key)]?.count ?? 0 }
        return count
    }

    /// Asks for a bookmark for one watcher, or for all that want any; returns how to wake those that have nothing else to do.
    mutating func requestBookmarks(for only: Int? = nil) -> [@Sendable () -> Void] {
        var wakes: [@Sendable () -> Void] = []
        for (id, slot) in slots where slot.wantsBookmarks && (only == nil || only == id) {
            slots[id]?.bookmarkIsDue = true
            if slot.isParked { wakes.append(slot.wake) }
        }
        return wakes
    }

    /// Closes all watchers; each learns why when it next asks.
    mutating func closeAll(_ reason: WatchCacheError) -> [@Sendable () -> Void] {
        for id in slots.keys { slots[id]?.closed = reason }
        return slots.values.map(\.wake)
    }
}
