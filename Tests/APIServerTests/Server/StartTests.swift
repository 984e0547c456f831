import JSON
import NIOHTTP1
import PKI
import Storage
import Testing

@testable import APIServer

/// What a server answers that has not read its store yet.
@Suite struct StartTests {
    @Test func nobodyIsRefusedByAServerThatKnowsNobodyYet() async throws {
        let store = HeldStore(MemoryStore())
        let whole = try await WholeServer.make(store: store)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await whole.server.run() }
            // The caches are filled once the server listens.
            try await store.asked.wait()
            let path = "/api/v1/namespaces"
            let token: HTTPHeaders = ["Authorization": "Bearer a.b.c"]
            for reply in [
                try await whole.call(.GET, path, user: WholeServer.ana), try await whole.call(.GET, path, headers: token),
                try await whole.call(.GET, path, user: WholeServer.admin),
            ] {
                #expect(reply.status == 429)
                #expect(reply.headers["Retry-After"] == ["1"])
                #expect(reply.json["message"]?.stringValue == "storage is (re)initializing")
            }
            store.released.open()
            try await whole.server.waitUntilReady()
            #expect(try await whole.call(.GET, path, user: WholeServer.ana).status == 403)
            #expect(try await whole.call(.GET, path, headers: token).status == 401)
            #expect(try await whole.call(.GET, path, user: WholeServer.admin).status == 200)
            group.cancelAll()
            try? await group.waitForAll()
        }
    }
}

/// A store that answers no reads until it is released.
private final class HeldStore: Store {
    private let inner: any Store
    let asked = Latch()
    let released = Latch()

    init(_ inner: any Store) { self.inner = inner }

    func range(_ request: RangeRequest) async throws(StoreError) -> RangeResult {
        asked.open()
        try? await released.wait()
        return try await inner.range(request)
    }

    func commit(_ transaction: Transaction, completion: @escaping @Sendable (Result<CommitResult, StoreError>) -> Void) {
        inner.commit(transaction, completion: completion)
    }

    func watch(
        _ range: KeyRange, from revision: Int64, handler: @escaping @Sendable (WatchBatch) -> Void
    ) throws(StoreError) -> any WatchHandle {
        try inner.watch(range, from: revision, handler: handler)
    }

    func compact(to revision: Int64) async throws(StoreError) { try await inner.compact(to: revision) }

    var isShared: Bool { inner.isShared }
    func catchUp() async throws(StoreError) { try await inner.catchUp() }
    func mayCompact(to revision: Int64) async throws(StoreError) -> Bool { try await inner.mayCompact(to: revision) }
    var currentRevision: Int64 { inner.currentRevision }
    var compactedRevision: Int64 { inner.compactedRevision }
}
