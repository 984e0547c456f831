import Synchronization

/// One watch inside a store: whom to tell of what. The stores' own part of `Store.watch`.
final class Watcher: WatchHandle {
    let range: KeyRange
    /// Changes up to this revision are not wanted.
    let start: Int64
    private let handler: @Sendable (WatchBatch) -> Void
    private let over = Atomic<Bool>(false)

    init(range: KeyRange, start: Int64, handler: @escaping @Sendable (WatchBatch) -> Void) {
        self.range = range
        self.start = start
        self.handler = handler
    }

    var isOver: Bool {
        over.load(ordering: .acquiring)
    }

    func cancel() {
        over.store(true, ordering: .releasing)
    }

    /// Tells of those of `events` that the watch is about.
    func tell(_ events: [StoreEvent], through revision: Int64) {
        guard !isOver, revision > start else { return }
        let wanted = events.filter { $0.revision > start && range.contains($0.key) }
        handler(.events(wanted, through: revision))
    }

    /// Tells that the past has been told.
    func tellCaughtUp(at revision: Int64) {
        guard !isOver else { return }
        handler(.caughtUp(at: revision))
    }

    /// Tells that nothing follows.
    func end(_ reason: StoreError) {
        guard !over.exchange(true, ordering: .acquiringAndReleasing) else { return }
        handler(.ended(reason))
    }
}
