import Storage
import Synchronization

/// What a watcher gets when it asks for more.
package struct WatchDelivery: Sendable {
    package enum State: Sendable, Equatable {
        /// There may be more: ask again, at once or when the client can take more.
        case more
        /// That was all. The watcher is called when it is to ask again.
        case drained
        /// The watch is over after these frames.
        case closed(WatchCacheError)
    }

    package var frames: [WatchFrame]
    package var state: State
}

/// One watch of a cache.
///
/// The consumer asks with `next` until the answer is `.drained`, and asks again when its `onReady` is called; when the client cannot take more, it
/// just does not ask. Nothing is queued for it meanwhile: it holds a position in the cache's log. If it stays away until the log has passed it, the
/// watch is closed.
package final class CacheWatcher: Sendable {
    private let cache: WatchCache
    private let id: Int
    private let scope: ResourceScope
    /// nil: every key of the resource.
    private let keys: KeyRange?
    private let selector: (@Sendable (WatchCacheEntry) -> Bool)?
    private let local: Mutex<Local>

    private struct Local {
        var initial: WatchCacheSnapshot.EntrySequence?
        /// The bookmark to send after the initial objects.
        var initialEnd: Int64?
        /// Changes up to this revision are not wanted.
        var after: Int64
    }

    init(
        cache: WatchCache, id: Int, scope: ResourceScope, options: WatchOptions, initial: WatchCacheSnapshot?, after: Int64
    ) {
        self.cache = cache
        self.id = id
        self.scope = scope
        keys = options.keys(in: scope)
        selector = options.selector
        local = Mutex(
            Local(
                initial: initial?.sequence(keys: options.keys(in: scope)),
                initialEnd: options.bookmarkAfterInitial && options.allowBookmarks ? initial?.revision : nil,
                after: after))
    }

    deinit {
        cache.remove(watcher: id)
    }

    /// The next frames: about `max` of them. For one thread at a time.
    package func next(max: Int = 64) -> WatchDelivery {
        local.withLock { local in
            var delivery = WatchDelivery(frames: [], state: .more)
            if local.initial != nil {
                while delivery.frames.count < max, let entry = local.initial?.next() {
                    if matches(entry) { delivery.frames.append(.initial(entry)) }
                }
                if delivery.frames.count >= max { return delivery }
                local.initial = nil
            }
            if let revision = local.initialEnd {
                local.initialEnd = nil
                delivery.frames.append(.bookmark(revision: revision, endsInitial: true, scope: scope))
            }
            while true {
                let taken = cache.take(watcher: id, max: max)
                for event in taken.events where event.revision > local.after {
                    if let type = event.type(for: matches) { delivery.frames.append(.change(event, as: type)) }
                }
                switch taken.state {
                case .more:
                    if !delivery.frames.isEmpty { return delivery }
                case .drained:
                    // One that begins where this server has not come yet must not be sent back.
                    if let revision = taken.bookmark, revision >= local.after {
                        delivery.frames.append(.bookmark(revision: revision, endsInitial: false, scope: scope))
                    }
                    delivery.state = .drained
                    return delivery
                case .closed(let reason):
                    delivery.state = .closed(reason)
                    return delivery
                }
            }
        }
    }

    /// Asks for a bookmark out of turn, as before a watch ends because its time is up. It comes with `next`; not at all to a watch that allows none.
    package func requestBookmark() {
        cache.requestBookmark(watcher: id)
    }

    /// Ends the watch; `next` says `.drained` from now on. Letting go of the watcher does the same.
    package func cancel() {
        cache.remove(watcher: id)
    }

    private func matches(_ entry: WatchCacheEntry) -> Bool {
        if let keys, !keys.contains(entry.key) { return false }
        if let selector { return selector(entry) }
        return true
    }
}

extension WatchOptions {
    /// The keys that namespace and name leave; nil when they leave all.
    func keys(in scope: ResourceScope) -> KeyRange? {
        if let name, namespace != nil || !scope.namespaced { return KeyRange(key: scope.key(namespace: namespace, name: name)) }
        if scope.namespaced, let namespace { return KeyRange(prefix: scope.keyPrefix(namespace: namespace)) }
        return nil
    }

    func interest(in scope: ResourceScope) -> WatcherTable.Interest {
        if let name, namespace != nil || !scope.namespaced { return .key(scope.key(namespace: namespace, name: name)) }
        if let indexKey { return .index(indexKey) }
        if scope.namespaced, let namespace { return .namespace(scope.keyPrefix(namespace: namespace)) }
        return .everything
    }
}
