import Synchronization

extension Registry {
    /// Calls `onChange` soon after objects of a resource have changed; several changes may be one call. For code in the server that keeps something
    /// computed from objects: authorization from roles, the proxy from services. One call at a time.
    ///
    /// - Returns: what keeps the calls coming; letting go of it ends them. Nil when there is no such resource or its cache is not filled.
    package func observe(group: String, resource: String, onChange: @escaping @Sendable () -> Void) -> ChangeObserver? {
        guard let storage = storage(group: group, resource: resource) else { return nil }
        return ChangeObserver(storage.cache, onChange)
    }
}

/// See `Registry.observe`.
package final class ChangeObserver: Sendable {
    private let cache: WatchCache
    private let onChange: @Sendable () -> Void
    private let line: WorkLine
    private let watcher = Mutex<CacheWatcher?>(nil)

    init?(_ cache: WatchCache, _ onChange: @escaping @Sendable () -> Void) {
        self.cache = cache
        line = WorkLine(cache.clock)
        self.onChange = onChange
        guard begin() else { return nil }
    }

    private func begin() -> Bool {
        guard let started = try? cache.watch(WatchOptions(start: .now), onReady: { [weak self] in self?.wake() }) else { return false }
        watcher.withLock { $0 = started }
        wake()
        return true
    }

    private func wake() {
        line.run { [weak self] in self?.run() }
    }

    private func run() {
        guard let current = watcher.withLock({ $0 }) else { return }
        var changed = false
        while true {
            let delivery = current.next()
            changed = changed || !delivery.frames.isEmpty
            switch delivery.state {
            case .more:
                continue
            case .drained:
                if changed { onChange() }
                return
            case .closed:
                // What happened in between is not known: that counts as a change.
                _ = begin()
                onChange()
                return
            }
        }
    }
}
