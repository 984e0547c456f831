import CoordinationV1
import CoreV1
import JSON
import KubernetesAPI
import KubernetesClient
import NIOHTTP1
import RBACV1
import Storage
import Synchronization
import Testing

@testable import APIServer

/// Far more than a server can do: what it takes on is bounded, everybody else gets an answer, and when it is over nothing is left.
@Suite struct OverloadTests {
    private static let users = 4
    private static let each = 1000
    private static let seats = 40
    /// What a user's requests may wait in: six queues of fifty (shuffle sharding of the level `global-default`).
    private static let waitingMax = users * 6 * 50

    @Test(.timeLimit(.minutes(2)))
    func aFloodOfWritesOnASlowStore() async throws {
        let store = HeldStore(MemoryStore(), prefix: "/registry/configmaps/default/flood-")
        try await WholeServer.with(store: store) {
            $0.limits = FlowControl.Limits(reading: Self.seats / 2, writing: Self.seats / 2)
        } _: { whole in
            let admin = whole.client("admin", "system:masters")
            try await Self.letIn(whole, admin)
            store.hold()
            let answers = Answers()
            try await withThrowingTaskGroup { group in
                for number in 0..<(Self.users * Self.each) {
                    group.addTask {
                        let answer = try await whole.create("flood-\(number)", as: "flood-\(number % Self.users)")
                        answers.count(answer.status == 429 && answer.header("Retry-After") == nil ? 0 : answer.status)
                    }
                }
                // All that finds no place is refused while the store does nothing at all.
                try await until { answers[429] >= Self.users * Self.each - Self.waitingMax - Self.seats }
                #expect(store.held > 0 && store.held <= Self.seats && answers[201] == 0)
                let metrics = try await whole.metrics()
                #expect(metrics.sum("apiserver_flowcontrol_current_inqueue_requests") <= Self.waitingMax)
                #expect(metrics.sum("apiserver_flowcontrol_current_executing_seats") <= Self.seats + 10)

                // Those whom the cluster lives by are served meanwhile.
                let node = whole.client("system:node:n1", "system:nodes")
                _ = try await node.create(
                    Node { $0.metadata.name = "n1" })
                _ = try await node.create(
                    Lease {
                        $0.metadata.name = "n1"
                        $0.metadata.namespace = "kube-node-lease"
                    })
                let manager = whole.client("system:kube-controller-manager")
                _ = try await manager.create(
                    Lease {
                        $0.metadata.name = "kube-controller-manager"
                        $0.metadata.namespace = "kube-system"
                    })
                _ = try await admin.list(Node.self)

                store.release()
                try await group.waitForAll()
            }
            let (made, refused) = (answers[201], answers[429])
            #expect(made + refused == Self.users * Self.each && made > 0 && made <= Self.waitingMax + Self.seats)
            // What was acknowledged is there, and nothing else.
            let names = try await admin.list(ConfigMap.self, namespace: "default").items.map(\.metadata.name)
            #expect(names.count { $0?.hasPrefix("flood-") == true } == made)
            // And all is as before.
            #expect(try await whole.create("after", as: "flood-0").status == 201)
            try await until { try await whole.metrics().sum("apiserver_flowcontrol_current_inqueue_requests") == 0 }
        }
    }

    @Test(.timeLimit(.minutes(2)))
    func watchersThatDoNotReadAreLeftBehind() async throws {
        try await WholeServer.with { whole in
            let admin = whole.client("admin", "system:masters")
            var object = try await admin.create(
                ConfigMap {
                    $0.metadata.name = "large"
                    $0.metadata.namespace = "default"
                })
            let options = ListOptions(resourceVersion: object.metadata.resourceVersion)
            let transport = whole.server.transport(as: UserInfo(name: "admin", groups: ["system:masters"]))
            let path = "/api/v1/namespaces/default/configmaps?watch=1&resourceVersion=\(object.metadata.resourceVersion ?? "")"
            var idle: [AsyncThrowingStream<[UInt8], any Error>] = []
            for _ in 0..<30 { idle.append(try await transport.stream(HTTPRequestData(path: path)).body) }
            let updates = 300
            var events = admin.watch(ConfigMap.self, namespace: "default", options).makeAsyncIterator()
            // More than the log keeps for those who are behind.
            object.data["value"] = String(repeating: "x", count: 100_000)
            for number in 0..<updates {
                object.data["number"] = "\(number)"
                object = try await admin.update(object)
                // Whoever reads is told of each.
                let event = try #require(try await events.next())
                #expect(event.object.metadata.resourceVersion == object.metadata.resourceVersion)
            }
            for stream in idle {
                var bytes = 0
                var last: [UInt8] = []
                for try await chunk in stream {
                    bytes += chunk.count
                    last = chunk
                }
                // What waited for the reader was little, and after that comes the end.
                #expect(bytes < 2 << 20 && String(decoding: last, as: UTF8.self).contains(#""code":410"#))
            }
        }
    }

    @Test(.timeLimit(.minutes(2)))
    func hugeBodiesAreRefused() async throws {
        try await WholeServer.with { whole in
            let body: JSONValue = [
                "metadata": ["name": "huge"], "data": ["value": .string(String(repeating: "x", count: HTTPLimits.requestBodyBytesMax))],
            ]
            let statuses = try await withThrowingTaskGroup { group in
                for _ in 0..<10 {
                    group.addTask { try await whole.call(.POST, "/api/v1/namespaces/default/configmaps", body, user: WholeServer.admin).status }
                }
                return try await group.reduce(into: [Int]()) { $0.append($1) }
            }
            #expect(statuses == Array(repeating: 413, count: 10))
            #expect(try await whole.call(.GET, "/api/v1/namespaces/default/configmaps", user: WholeServer.admin).status == 200)
        }
    }

    /// Gives the users of the flood a right to it, and waits until it is known.
    private static func letIn(_ whole: WholeServer, _ admin: Client) async throws {
        _ = try await admin.create(
            ClusterRoleBinding {
                $0.metadata.name = "flood"
                $0.roleRef = RoleRef {
                    $0.apiGroup = "rbac.authorization.k8s.io"
                    $0.kind = "ClusterRole"
                    $0.name = "cluster-admin"
                }
                $0.subjects = (0..<users).map { number in
                    Subject {
                        $0.kind = "User"
                        $0.apiGroup = "rbac.authorization.k8s.io"
                        $0.name = "flood-\(number)"
                    }
                }
            })
        try await until { try await whole.create("before", as: "flood-0").status != 403 }
    }
}

/// How often which status came; 0: a refusal that does not say when to come back.
private final class Answers: Sendable {
    private let statuses = Mutex<[Int: Int]>([:])

    func count(_ status: Int) { statuses.withLock { $0[status, default: 0] += 1 } }
    subscript(_ status: Int) -> Int { statuses.withLock { $0[status] ?? 0 } }
}

/// Looks again and again.
private func until(_ condition: () async throws -> Bool) async throws {
    while try await !condition() { try await Task.sleep(for: .milliseconds(5)) }
}

extension WholeServer {
    fileprivate func client(_ user: String, _ groups: String...) -> Client {
        Client(transport: server.transport(as: UserInfo(name: user, groups: groups)), userAgent: "test")
    }

    fileprivate func create(_ name: String, as user: String) async throws -> HTTPResponseData {
        let body: JSONValue = ["metadata": ["name": .string(name)], "data": ["value": .string(String(repeating: "x", count: 1000))]]
        return try await server.transport(as: UserInfo(name: user)).send(
            HTTPRequestData(
                method: "POST", path: "/api/v1/namespaces/default/configmaps", headers: [("Content-Type", "application/json")],
                body: body.serialized()))
    }

    fileprivate func metrics() async throws -> Metrics {
        let answer = try await server.transport(as: UserInfo(name: "admin", groups: ["system:masters"])).send(HTTPRequestData(path: "/metrics"))
        return Metrics(text: String(decoding: answer.body, as: UTF8.self))
    }
}

private struct Metrics {
    let text: String

    /// Over all labels.
    func sum(_ name: String) -> Int {
        text.split(separator: "\n").filter { $0.hasPrefix(name + "{") }.compactMap { $0.split(separator: " ").last.flatMap { Int($0) } }.reduce(0, +)
    }
}

/// A store whose disk stands still for a while.
private final class HeldStore: EmbeddedStore {
    private struct State {
        var isHeld = false
        var held: [@Sendable () -> Void] = []
    }

    private let inner: MemoryStore
    private let prefix: String
    private let state = Mutex(State())

    init(_ inner: MemoryStore, prefix: String) {
        self.inner = inner
        self.prefix = prefix
    }

    var held: Int { state.withLock { $0.held.count } }

    func hold() { state.withLock { $0.isHeld = true } }

    func release() {
        let held = state.withLock { state in
            state.isHeld = false
            defer { state.held = [] }
            return state.held
        }
        for commit in held { commit() }
    }

    func commit(_ transaction: Transaction, completion: @escaping @Sendable (Result<CommitResult, StoreError>) -> Void) {
        let isMeant = transaction.operations.contains { $0.key.hasPrefix(prefix) }
        let isHeld = state.withLock { state in
            guard state.isHeld, isMeant else { return false }
            state.held.append { [inner] in inner.commit(transaction, completion: completion) }
            return true
        }
        if !isHeld { inner.commit(transaction, completion: completion) }
    }

    func range(_ request: RangeRequest) async throws(StoreError) -> RangeResult { try await inner.range(request) }

    func watch(
        _ range: KeyRange, from revision: Int64, handler: @escaping @Sendable (WatchBatch) -> Void
    ) throws(StoreError) -> any WatchHandle {
        try inner.watch(range, from: revision, handler: handler)
    }

    func compact(to revision: Int64) async throws(StoreError) { try await inner.compact(to: revision) }

    var currentRevision: Int64 { inner.currentRevision }
    var compactedRevision: Int64 { inner.compactedRevision }
}
