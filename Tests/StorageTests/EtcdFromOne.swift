import EtcdFixture
import Storage

/// A store on etcd as the stores' common tests know stores: its first revision is 1, where etcd's is 2, and it can be closed.
final class EtcdFromOne: ClosableStore {
    private let running: RunningEtcdStore
    private var store: EtcdStore { running.store }

    /// Returns when etcd answers.
    init(_ endpoints: [EtcdEndpoint]) async throws {
        running = try RunningEtcdStore(endpoints)
        try await running.waitUntilReady()
    }

    func close() { running.close() }

    var isShared: Bool { store.isShared }
    func catchUp() async throws(StoreError) { try await store.catchUp() }
    func mayCompact(to revision: Int64) async throws(StoreError) -> Bool { try await store.mayCompact(to: revision + 1) }
    var currentRevision: Int64 { store.currentRevision - 1 }
    var compactedRevision: Int64 { max(store.compactedRevision - 1, 0) }

    func range(_ request: RangeRequest) async throws(StoreError) -> RangeResult {
        var moved = request
        moved.revision = request.revision.map { $0 + 1 }
        do throws(StoreError) {
            var result = try await store.range(moved)
            result.revision -= 1
            result.keyValues = result.keyValues.map(Self.back)
            return result
        } catch {
            throw Self.back(error)
        }
    }

    func commit(_ transaction: Transaction, completion: @escaping @Sendable (Result<CommitResult, StoreError>) -> Void) {
        var moved = transaction
        for index in moved.conditions.indices where moved.conditions[index].modRevision > 0 { moved.conditions[index].modRevision += 1 }
        store.commit(moved) { completion($0.map(Self.back).mapError(Self.back)) }
    }

    func watch(
        _ range: KeyRange, from revision: Int64, handler: @escaping @Sendable (WatchBatch) -> Void
    ) throws(StoreError) -> any WatchHandle {
        do throws(StoreError) {
            return try store.watch(range, from: revision + 1) { batch in
                switch batch {
                case .events(let events, let through): handler(.events(events.map(Self.back), through: through - 1))
                case .caughtUp(let at): handler(.caughtUp(at: at - 1))
                case .ended(let reason): handler(.ended(Self.back(reason)))
                }
            }
        } catch {
            throw Self.back(error)
        }
    }

    func compact(to revision: Int64) async throws(StoreError) {
        do throws(StoreError) {
            try await store.compact(to: revision + 1)
        } catch {
            throw Self.back(error)
        }
    }

    private static func back(_ keyValue: KeyValue) -> KeyValue {
        KeyValue(
            key: keyValue.key, value: keyValue.value, createRevision: keyValue.createRevision - 1, modRevision: keyValue.modRevision - 1)
    }

    private static func back(_ event: StoreEvent) -> StoreEvent {
        switch event {
        case .put(let keyValue): .put(back(keyValue))
        case .delete(let last, let revision): .delete(last: back(last), revision: revision - 1)
        }
    }

    private static func back(_ result: CommitResult) -> CommitResult {
        switch result {
        case .committed(let revision): .committed(revision: revision - 1)
        case .conflict(let condition, let actual):
            .conflict(.init(key: condition.key, modRevision: max(condition.modRevision - 1, 0)), modRevision: max(actual - 1, 0))
        }
    }

    private static func back(_ error: StoreError) -> StoreError {
        switch error {
        case .compacted(let requested, let compacted): .compacted(requested: requested - 1, compacted: compacted - 1)
        case .futureRevision(let requested, let current): .futureRevision(requested: requested - 1, current: current - 1)
        default: error
        }
    }
}
