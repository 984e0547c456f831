import APIServer
import Logging
import Storage
import Synchronization
import Testing

/// What the cache does when the store's watch ends under it.
@Suite struct StoreTroubleTests {
    @Test func fillsAnewAndClosesTheWatches() async throws {
        let store = TroubledStore()
        try await store.putPod("default", "a")
        try await withCache(store) { cache in
            let watcher = try cache.watch(WatchOptions(start: .existing), onReady: {})
            #expect(watcher.drain().frames == ["ADDED default/a@1"])
            store.isUnreachable = true
            store.endWatches(.inputOutput(file: "x", detail: "gone"))
            #expect(watcher.drain().end == .closed(.restarted))
            #expect(!cache.isReady)
            #expect(throws: WatchCacheError.notReady) { _ = try cache.watch(WatchOptions(start: .now), onReady: {}) }
            // Written while nobody followed.
            try await store.inner.putPod("default", "b")
            try await store.inner.deletePod("default", "a")
            await #expect(throws: WatchCacheError.notReady) { try await cache.waitUntilFresh(timeout: .milliseconds(100)) }
            store.isUnreachable = false
            try await cache.waitUntilFresh(3, timeout: .seconds(30))
            #expect(cache.snapshot().entries.map(\.name) == ["b"])
            // What happened in between cannot be told, so nobody may go on from before it.
            #expect(throws: WatchCacheError.tooOld(requested: 1, oldest: 3)) {
                _ = try cache.watch(WatchOptions(start: .after(1)), onReady: {})
            }
            let again = try cache.watch(WatchOptions(start: .after(3)), onReady: {})
            try await store.putPod("default", "c")
            #expect(again.drain().frames == ["ADDED default/c@4"])
        }
    }

    @Test func endsWhenTheStoreIsClosed() async throws {
        let store = MemoryStore()
        let cache = WatchCache(scope: podScope, store: store, logger: Logger(label: "test"))
        let running = Task { try await cache.run() }
        try await cache.waitUntilFresh(timeout: .seconds(30))
        let watcher = try cache.watch(WatchOptions(start: .now), onReady: {})
        store.close()
        try await running.value
        #expect(watcher.drain().end == .closed(.restarted))
    }
}

/// A memory store whose connection can be cut.
private final class TroubledStore: EmbeddedStore {
    let inner = MemoryStore()
    private let handlers = Mutex<[@Sendable (WatchBatch) -> Void]>([])
    private let cut = Atomic<Bool>(false)

    var isUnreachable: Bool {
        get { cut.load(ordering: .relaxed) }
        set { cut.store(newValue, ordering: .relaxed) }
    }

    func endWatches(_ reason: StoreError) {
        let ended = handlers.withLock { handlers in
            defer { handlers = [] }
            return handlers
        }
        for handler in ended { handler(.ended(reason)) }
    }

    func range(_ request: RangeRequest) async throws(StoreError) -> RangeResult {
        if isUnreachable { throw .outcomeUnknown("cut") }
        return try await inner.range(request)
    }

    func commit(_ transaction: Transaction, completion: @escaping @Sendable (Result<CommitResult, StoreError>) -> Void) {
        inner.commit(transaction, completion: completion)
    }

    func watch(
        _ range: KeyRange, from revision: Int64, handler: @escaping @Sendable (WatchBatch) -> Void
    ) throws(StoreError) -> any WatchHandle {
        handlers.withLock { $0.append(handler) }
        return try inner.watch(range, from: revision, handler: handler)
    }

    func compact(to revision: Int64) async throws(StoreError) { try await inner.compact(to: revision) }
    var currentRevision: Int64 { inner.currentRevision }
    var compactedRevision: Int64 { inner.compactedRevision }
}
