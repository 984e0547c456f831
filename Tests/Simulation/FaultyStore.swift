import Storage
import Synchronization

/// A store that is full at times.
final class FaultyStore: EmbeddedStore {
    private let inner: MemoryStore
    private let isFull = Atomic<Bool>(false)

    init(_ inner: MemoryStore) { self.inner = inner }

    func set(full: Bool) { isFull.store(full, ordering: .relaxed) }

    func commit(_ transaction: Transaction, completion: @escaping @Sendable (Result<CommitResult, StoreError>) -> Void) {
        if isFull.load(ordering: .relaxed) {
            completion(.failure(.diskFull(file: "simulation")))
        } else {
            inner.commit(transaction, completion: completion)
        }
    }

    func range(_ request: RangeRequest) async throws(StoreError) -> RangeResult { try await inner.range(request) }

    func watch(
        _ range: KeyRange, from revision: Int64, handler: @escaping @Sendable (WatchBatch) -> Void
    ) throws(StoreError) -> any WatchHandle { try inner.watch(range, from: revision, handler: handler) }

    func compact(to revision: Int64) async throws(StoreError) { try await inner.compact(to: revision) }

    var currentRevision: Int64 { inner.currentRevision }
    var compactedRevision: Int64 { inner.compactedRevision }
}
