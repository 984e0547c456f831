import JSON
import KubernetesClient
import Logging
import NIOHTTP1
import Storage
import Synchronization
import Testing

@testable import APIServer

/// Somebody else's write comes between, and only then does somebody outside have to be asked.
@Suite struct ConflictQuestionTests {
    /// A store that lets somebody else write right before one transaction.
    private final class Meddled: EmbeddedStore {
        private let inner = MemoryStore()
        private let meddling = Mutex<(@Sendable () async -> Void)?>(nil)

        func before(next meddle: @escaping @Sendable () async -> Void) { meddling.withLock { $0 = meddle } }

        func commit(_ transaction: Transaction, completion: @escaping @Sendable (Result<CommitResult, StoreError>) -> Void) {
            let meddle = meddling.withLock { meddling in
                defer { meddling = nil }
                return meddling
            }
            guard let meddle else { return inner.commit(transaction, completion: completion) }
            Task { [inner] in
                await meddle()
                inner.commit(transaction, completion: completion)
            }
        }

        var currentRevision: Int64 { inner.currentRevision }
        var compactedRevision: Int64 { inner.compactedRevision }
        func range(_ request: RangeRequest) async throws(StoreError) -> RangeResult { try await inner.range(request) }
        func compact(to revision: Int64) async throws(StoreError) { try await inner.compact(to: revision) }
        func watch(
            _ range: KeyRange, from revision: Int64, handler: @escaping @Sendable (WatchBatch) -> Void
        ) throws(StoreError) -> any WatchHandle { try inner.watch(range, from: revision, handler: handler) }
    }

    private static func rules(_ verb: String) -> JSONValue { [["apiGroups": [""], "resources": ["pods"], "verbs": [.string(verb)]]] }

    /// Changes a role so that nothing about rights changes, unless somebody has changed them in between; the answer, and how often it was asked outside.
    private func patch(allowed: Bool) async throws -> (status: Int, asked: Int) {
        let store = Meddled()
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let outside = ScriptedTransport(status: ["allowed": .bool(allowed)])
        let authorizer = WebhookAuthorizer(transport: outside, logger: logger)
        let registry = Registry(
            store: store, services: ServiceNetwork(ranges: []),
            admission: AdmissionChain([EscalationCheck(authorizer: authorizer, rolesAuthorizer: RBACAuthorizer(source: FakeRBACSource([])))]),
            logger: logger)
        let caches = registry.caches.map { cache in Task { try await cache.run() } }
        defer { for cache in caches { cache.cancel() } }
        try await registry.waitUntilReady()
        let plural = "clusterroles"
        let (group, name) = ("rbac.authorization.k8s.io", "r")
        let role: JSONValue = ["metadata": ["name": .string(name)], "rules": Self.rules("get")]
        _ = try await registry.perform("create", group, "v1", plural, namespace: "", name: "", body: role)
        store.before {
            var other = role
            other["rules"] = Self.rules("list")
            _ = try? await registry.perform("update", group, "v1", plural, namespace: "", name: name, body: other)
        }
        var request = APIRequest(method: "PATCH", path: "/apis/\(group)/v1/\(plural)/\(name)")
        request.user = UserInfo(name: "eve")
        request.questions = OpenQuestions()
        request.headers = ["Content-Type": "application/merge-patch+json"]
        let change: JSONValue = ["metadata": ["labels": ["a": "b"]], "rules": Self.rules("get")]
        request.body = change.serialized()
        request.info = try RequestInfo(method: request.method, path: request.path, query: request.query)
        let ready = request
        let reply = await withCheckedContinuation { continuation in
            registry.handle(ready, Collector { continuation.resume(returning: $0) })
        }
        return (reply.status, outside.count)
    }

    @Test(arguments: [true, false])
    func theAnswerIsWaitedFor(_ allowed: Bool) async throws {
        let (status, asked) = try await patch(allowed: allowed)
        #expect(status == (allowed ? 200 : 403) && asked == 1)
    }
}
