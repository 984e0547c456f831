import JSON
package import Logging
package import Storage
import Synchronization

/// All objects of one resource in memory, and the log of their latest changes. Every read and every watch of the API is served from here.
///
/// It is filled and kept by following the store (`run`). A commit is answered only after the cache has seen it, so whoever has his write acknowledged
/// reads it here, and a read that begins after that needs no question to the store.
///
/// All state is behind one lock that is held for microseconds; nothing is encoded or decoded under it, and no watcher is called.
package final class WatchCache: Sendable {
    package struct Configuration: Sendable {
        package var indexes: [WatchCacheIndex] = []
        /// How many changes the log keeps for watches that begin in the past or fall behind, and roughly how many bytes these may hold.
        package var eventsMax = 8192
        package var eventBytesMax = 16 << 20
        /// How far back the log is filled from the store's history at the start, so that clients can go on watching after a restart of the server.
        package var replayedRevisionsMax: Int64 = 10_000
        package var bookmarkInterval: Duration = .seconds(60)
        /// How many snapshots are kept for lists that are continued.
        package var keptSnapshotsMax = 16

        package init() {}
    }

    package let scope: ResourceScope
    let configuration: Configuration
    let store: any Store
    let clock: ServerClock
    let logger: Logger
    private let state: Mutex<State>

    struct State {
        /// Counts the times the cache was filled; what an earlier watch of the store still tells is not listened to.
        var generation = 0
        var isReady = false
        /// Every change up to here is in.
        var revision: Int64 = 0
        /// The revision of the last change of this resource; the state has been the same since.
        var changed: Int64 = 0
        var entries = SortedEntries()
        var indexed: IndexedEntries
        var log: EventLog
        var watchers = WatcherTable()
        var waiters: [(revision: Int64, waiter: OneShot<Void>)] = []
        var kept: [WatchCacheSnapshot] = []
    }

    package init(
        scope: ResourceScope, store: any Store, configuration: Configuration = .init(), clock: ServerClock = .system, logger: Logger
    ) {
        self.scope = scope
        self.store = store
        self.configuration = configuration
        self.clock = clock
        self.logger = logger
        state = Mutex(
            State(
                indexed: IndexedEntries(configuration.indexes),
                log: EventLog(after: 0, eventsMax: configuration.eventsMax, bytesMax: configuration.eventBytesMax)))
    }
}

// MARK: - Reading

extension WatchCache {
    /// Whether the cache has been filled. Reads of one that has not find nothing.
    package var isReady: Bool {
        state.withLock { $0.isReady }
    }

    /// Every change up to this revision is in.
    package var revision: Int64 {
        state.withLock { $0.revision }
    }

    /// The revision of the last change to an object of this resource; the objects have been the same since.
    package var lastChange: Int64 {
        state.withLock { $0.changed }
    }

    package func entry(namespace: String?, name: String) -> WatchCacheEntry? {
        entry(key: scope.key(namespace: namespace, name: name))
    }

    package func entry(key: String) -> WatchCacheEntry? {
        state.withLock { $0.entries[key] }
    }

    /// All objects as they are now.
    package func snapshot() -> WatchCacheSnapshot {
        state.withLock { WatchCacheSnapshot(revision: $0.revision, entries: $0.entries, scope: scope) }
    }

    /// The objects that an index files under a value; nil when the cache has no such index.
    package func snapshot(index key: WatchCacheIndexKey) -> WatchCacheSnapshot? {
        state.withLock { state in
            state.indexed.entries(key).map { WatchCacheSnapshot(revision: state.revision, entries: $0, scope: scope) }
        }
    }

    /// All objects as they were at a revision, if that is still in memory: because nothing has changed since, or because the snapshot was kept.
    package func snapshot(at revision: Int64) -> WatchCacheSnapshot? {
        state.withLock { state in
            if state.isReady, revision >= state.changed, revision <= state.revision {
                return WatchCacheSnapshot(revision: revision, entries: state.entries, scope: scope)
            }
            return state.kept.last { $0.revision == revision }
        }
    }

    /// Whether objects can be found by an index of this name.
    package func hasIndex(_ name: String) -> Bool {
        configuration.indexes.contains { $0.name == name }
    }

    /// Keeps a snapshot of all objects for a while, so that a list given out in parts can be continued from it.
    package func keep(_ snapshot: WatchCacheSnapshot) {
        let dropped: WatchCacheSnapshot? = state.withLock { state in
            guard !state.kept.contains(where: { $0.revision == snapshot.revision }) else { return nil }
            state.kept.append(snapshot)
            return state.kept.count > configuration.keptSnapshotsMax ? state.kept.removeFirst() : nil
        }
        _ = dropped  // taken apart here, outside the lock
    }

    /// All objects as they were at a revision, read from the store: the way out when `snapshot(at:)` finds none.
    package func snapshotFromStore(at revision: Int64) async throws(WatchCacheError) -> WatchCacheSnapshot {
        do {
            let (entries, _) = try await entriesFromStore(at: revision)
            return WatchCacheSnapshot(revision: revision, entries: SortedEntries(sorted: entries), scope: scope)
        } catch {
            throw .store(error)
        }
    }

    /// Returns when the cache is filled and has seen every change up to `revision`.
    ///
    /// - Throws: `.tooNew` or `.notReady` when that takes longer than `timeout`.
    package func waitUntilFresh(_ revision: Int64 = 0, timeout: Duration = .seconds(3)) async throws(WatchCacheError) {
        let waiter: OneShot<Void>? = state.withLock { state in
            if state.isReady, state.revision >= revision { return nil }
            let waiter = OneShot<Void>()
            state.waiters.removeAll { $0.waiter.isDone }
            state.waiters.append((revision, waiter))
            return waiter
        }
        guard let waiter else { return }
        let isFresh = await withTaskGroup(of: Bool.self) { group in
            group.addTask { await waiter.wait() != nil }
            group.addTask { [clock] in
                try? await clock.sleep(timeout)
                return false
            }
            let first = await group.next() ?? false
            group.cancelAll()
            return first
        }
        guard !isFresh else { return }
        throw isReady ? .tooNew(requested: revision, current: self.revision) : .notReady
    }
}

// MARK: - Watching

extension WatchCache {
    /// Begins a watch. `onReady` is called, from the store's thread, when the watcher has something to fetch after it had been told that there was no
    /// more; it must not block and had better only pass the word on. The cache holds it for as long as the watcher is there, so it must not hold the
    /// watcher. The consumer fetches a first time of its own accord.
    ///
    /// - Throws: `.tooOld` when changes after the start are no longer in memory, `.notReady`.
    package func watch(_ options: WatchOptions, onReady: @escaping @Sendable () -> Void) throws(WatchCacheError) -> CacheWatcher {
        let begun: Result<CacheWatcher, WatchCacheError> = state.withLock { state in
            guard state.isReady else { return .failure(.notReady) }
            var initial: WatchCacheSnapshot?
            var position = state.log.end
            var after: Int64 = 0
            switch options.start {
            case .now:
                break
            case .existing:
                let entries = options.indexKey.flatMap { state.indexed.entries($0) } ?? state.entries
                initial = WatchCacheSnapshot(revision: state.revision, entries: entries, scope: scope)
            case .after(let revision):
                guard let number = state.log.number(after: revision) else {
                    return .failure(.tooOld(requested: revision, oldest: state.log.floor))
                }
                position = number
                after = revision
            }
            let id = state.watchers.add(
                WatcherTable.Slot(
                    interest: options.interest(in: scope), wantsBookmarks: options.allowBookmarks, wake: onReady, position: position))
            return .success(CacheWatcher(cache: self, id: id, scope: scope, options: options, initial: initial, after: after))
        }
        return try begun.get()
    }

    /// How many watches there are.
    package var watcherCount: Int {
        state.withLock { $0.watchers.count }
    }

    /// Tells every watcher that allows bookmarks how far it has seen. `run` does this regularly.
    package func sendBookmarks() {
        let wakes = state.withLock { $0.watchers.requestBookmarks() }
        for wake in wakes { wake() }
    }

    func take(watcher id: Int, max: Int) -> WatcherTable.Taken {
        state.withLock { $0.watchers.take(id, max: max, from: $0.log, revision: $0.revision) }
    }

    func requestBookmark(watcher id: Int) {
        let wakes = state.withLock { $0.watchers.requestBookmarks(for: id) }
        for wake in wakes { wake() }
    }

    func remove(watcher id: Int) {
        let removed = state.withLock { $0.watchers.remove(id) }
        _ = removed
    }
}

// MARK: - Filling, called by `run` and by the store's thread

extension WatchCache {
    /// How many objects are read from the store at once: the stored values are let go as soon as there are entries of them.
    private static let pageSize = 500

    /// All objects, sorted by key, as they were at a revision; nil: the newest, and which one that is.
    func entriesFromStore(at revision: Int64?) async throws(StoreError) -> (entries: [WatchCacheEntry], revision: Int64) {
        var range = KeyRange(prefix: scope.prefix)
        var request = RangeRequest(range, revision: revision, limit: Self.pageSize, countsAll: false)
        var entries: [WatchCacheEntry] = []
        while true {
            let page = try await store.range(request)
            for keyValue in page.keyValues { entries.append(entry(of: keyValue, isFromDisk: true)) }
            guard page.more, let last = page.keyValues.last else { return (entries, page.revision) }
            range.start = last.key + "\0"
            request = RangeRequest(range, revision: page.revision, limit: Self.pageSize, countsAll: false)
        }
    }

    /// - Parameter isFromDisk: the value was not written just now by ourselves, but may have suffered since.
    private func entry(of keyValue: KeyValue, isFromDisk: Bool = false) -> WatchCacheEntry {
        let entry = WatchCacheEntry(
            key: keyValue.key, value: isFromDisk && !Self.isJSON(keyValue.value) ? [] : keyValue.value, resourceVersion: keyValue.modRevision,
            scope: scope, indexes: configuration.indexes)
        if entry.isDamaged { logger.error("stored object is damaged", metadata: ["key": "\(keyValue.key)"]) }
        return entry
    }

    /// The store has told everything up to `revision`, and from now on tells of each commit before it is answered: the cache may be read.
    func caughtUp(at revision: Int64, generation: Int) {
        let wakes = state.withLock { state in
            guard state.generation == generation else { return [@Sendable () -> Void]() }
            state.revision = max(state.revision, revision)
            state.isReady = true
            return state.takeSatisfied()
        }
        for wake in wakes { wake() }
    }

    /// Replaces everything by what the store holds at `revision`. Watches that are under way are closed.
    ///
    /// The cache can be read again when it has caught up with the store.
    ///
    /// - Returns: the generation that `receive` must be called with from now on.
    func fill(_ entries: [WatchCacheEntry], revision: Int64) -> Int {
        var indexed = IndexedEntries(configuration.indexes)
        for entry in entries { indexed.replace(nil, with: entry) }
        let sorted = SortedEntries(sorted: entries)
        let (generation, wakes) = state.withLock { state in
            state.generation += 1
            state.entries = sorted
            state.indexed = indexed
            state.revision = revision
            state.changed = revision
            state.isReady = false
            // Its numbers begin anew; the watchers that have positions in the old one are closed.
            state.log = EventLog(after: revision, eventsMax: configuration.eventsMax, bytesMax: configuration.eventBytesMax)
            state.kept = []
            return (state.generation, state.watchers.closeAll(.restarted))
        }
        for wake in wakes { wake() }
        return generation
    }

    /// The store is followed no more, or not for now: closes the watches, which would wait in vain, and begins no new ones.
    func stopServing(generation: Int) {
        let wakes = state.withLock { state in
            guard state.generation == generation else { return [@Sendable () -> Void]() }
            state.generation += 1
            state.isReady = false
            return state.watchers.closeAll(.restarted)
        }
        for wake in wakes { wake() }
    }

    /// Takes in changes that the store tells.
    func receive(_ events: [StoreEvent], through revision: Int64, generation: Int) {
        // Until the cache has caught up, these are changes of the past, read from the disk.
        let isFromDisk = !isReady
        let changes = events.map { event in
            switch event {
            case .put(let keyValue):
                Change(key: keyValue.key, revision: keyValue.modRevision, entry: entry(of: keyValue, isFromDisk: isFromDisk))
            case .delete(let last, let revision):
                Change(key: last.key, revision: revision, entry: nil)
            }
        }
        let wakes = state.withLock { state in
            guard state.generation == generation else { return [@Sendable () -> Void]() }
            var wakes: [@Sendable () -> Void] = []
            for change in changes { state.apply(change, scope: scope, wakes: &wakes) }
            state.revision = max(state.revision, revision)
            return wakes + state.takeSatisfied()
        }
        for wake in wakes { wake() }
    }

    private static func isJSON(_ value: [UInt8]) -> Bool {
        value.withUnsafeBytes { bytes in
            var reader = JSONReader(bytes)
            do {
                try reader.skipValue()
                try reader.finish()
                return true
            } catch {
                return false
            }
        }
    }

    struct Change {
        var key: String
        var revision: Int64
        /// nil: deleted.
        var entry: WatchCacheEntry?
    }
}

extension WatchCache.State {
    mutating func apply(_ change: WatchCache.Change, scope: ResourceScope, wakes: inout [@Sendable () -> Void]) {
        let previous = change.entry.map { entries.insert($0) } ?? entries.remove(change.key)
        if change.entry == nil, previous == nil { return }
        indexed.replace(previous, with: change.entry)
        let event = WatchCacheEvent(revision: change.revision, current: change.entry, previous: previous)
        log.append(event)
        changed = change.revision
        wakes += watchers.unpark(
            for: event, numbered: log.end - 1, namespacePrefix: scope.namespaced ? scope.namespacePrefix(ofKey: change.key) : nil,
            indexes: indexed)
    }

    /// How to tell those who wait for a revision that has been reached.
    mutating func takeSatisfied() -> [@Sendable () -> Void] {
        guard isReady, !waiters.isEmpty else { return [] }
        let reached = waiters.filter { $0.revision <= revision }
        waiters.removeAll { $0.revision <= revision }
        return reached.map { waiting in { waiting.waiter.finish(()) } }
    }
}

extension ResourceScope {
    /// What the keys in the namespace of this key begin with.
    func namespacePrefix(ofKey key: String) -> String? {
        let rest = key.utf8.dropFirst(prefix.utf8.count)
        guard let slash = rest.firstIndex(of: UInt8(ascii: "/")) else { return nil }
        return String(key[...slash])
    }
}
