import CoreV1
import EtcdFixture
import Foundation
import KubernetesAPI
import KubernetesClient
import Logging
import Storage
import Synchronization
import Testing

@testable import APIServer

/// Clients at the same few objects, a store that sometimes does not say what became of a write, and an API server that is started anew in between.
@Suite struct LinearizabilityTests {
    private static let objects = 3
    private static let clients = 6

    @Test(arguments: StoreForm.allCases)
    func eachObjectIsAsIfThereWereOneCopy(_ form: StoreForm) async throws {
        let seed = SeededRandom.seed()
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("histories-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let source = try await form.source(in: folder)
        let histories = Histories(count: Self.objects)
        for round in 0..<3 {
            let (opened, close) = try source.open()
            defer { close() }
            let stores = opened.enumerated().map { index, store in
                LossyStore(store, prefix: "/registry/configmaps/default/shared-", seed: seed &+ UInt64(round * 10 + index))
            }
            try await WholeServer.with(stores: stores) { servers in
                let clients = servers.map { whole in
                    Client(transport: whole.server.transport(as: UserInfo(name: "test", groups: ["system:masters"])), userAgent: "test")
                }
                try await withThrowingTaskGroup { group in
                    for index in 0..<Self.clients {
                        let client = clients[index % clients.count]
                        let seed = seed &* 1000 &+ UInt64(round * Self.clients + index)
                        group.addTask { await RegisterClient(client: client, histories: histories).run(operations: 40, seed: seed) }
                    }
                    if round > 0 { group.addTask { try await source.trouble() } }
                    try await group.waitForAll()
                }
            }
        }
        let all = histories.all
        // Otherwise the test tells nothing.
        #expect(all.flatMap(\.operations).contains { $0.answer == .unknown })
        #expect(all.flatMap(\.operations).contains { $0.answer == .conflict })
        for (index, history) in all.enumerated() {
            let complaint = history.complaint
            #expect(complaint == nil, "object \(index), seed \(seed)")
        }
    }
}

/// Where the rounds of a test find what was written in those before.
enum StoreForm: String, CaseIterable {
    case memory
    case sqlite
    /// Two API servers on one etcd, which is killed and started while clients are at work.
    case etcd

    struct Source: Sendable {
        /// A store for each API server, and how they are let go.
        let open: @Sendable () throws -> ([any Store], close: () -> Void)
        var trouble: @Sendable () async throws -> Void = {}
    }

    func source(in folder: URL) async throws -> Source {
        switch self {
        case .memory:
            let store = MemoryStore()
            return Source { ([store], {}) }
        case .sqlite:
            return Source {
                let store = try SQLiteStore(path: "\(folder.path)/store.db", logger: Logger(label: "test"))
                return ([store], { store.close() })
            }
        case .etcd:
            let cluster = try await EtcdMembers(members: 1, in: folder)
            return Source {
                let stores = try (0..<2).map { _ in try RunningEtcdStore(cluster.endpoints) }
                return (stores.map(\.store), { for store in stores { store.close() } })
            } trouble: {
                try await cluster.kill(0)
                try cluster.start(0)
            }
        }
    }
}

extension WholeServer {
    /// A server on each of the stores.
    static func with(
        stores: some Collection<any Store> & Sendable, servers: [WholeServer] = [], _ body: @escaping @Sendable ([WholeServer]) async throws -> Void
    ) async throws {
        guard let store = stores.first else { return try await body(servers) }
        let rest = Array(stores.dropFirst())
        try await with(store: store) { try await with(stores: rest, servers: servers + [$0], body) }
    }
}

/// The histories of all objects, with one order of calls and answers.
private final class Histories: Sendable {
    private let state: Mutex<(histories: [RegisterHistory], next: Int)>
    private let values = Atomic<Int>(0)

    init(count: Int) { state = Mutex((Array(repeating: RegisterHistory(), count: count), 0)) }

    var all: [RegisterHistory] { state.withLock { $0.histories } }
    var count: Int { all.count }

    /// A value that no other write has.
    func newValue() -> Int { values.add(1, ordering: .relaxed).newValue }

    private func tick() -> Int {
        state.withLock { state in
            state.next += 1
            return state.next
        }
    }

    func record(_ object: Int, _ action: RegisterHistory.Action, _ body: () async -> RegisterHistory.Answer) async {
        let called = tick()
        let answer = await body()
        let answered = tick()
        // What was read without an answer tells nothing.
        if action == .read, answer == .unknown { return }
        let operation = RegisterHistory.Operation(action: action, answer: answer, called: called, answered: answered)
        state.withLock { $0.histories[object].operations.append(operation) }
    }
}

/// One client that does this and that.
private struct RegisterClient {
    let client: Client
    let histories: Histories

    func run(operations: Int, seed: UInt64) async {
        var random = SeededRandom(seed: seed)
        var read: [Int: ConfigMap] = [:]
        for _ in 0..<operations {
            let object = Int.random(in: 0..<histories.count, using: &random)
            let name = "shared-\(object)"
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<4:
                await histories.record(object, .read) {
                    await answer {
                        let found = try await client.get(ConfigMap.self, name, namespace: "default")
                        read[object] = found
                        return .found(Self.value(of: found))
                    }
                }
            case 4..<7:
                guard var changed = read[object] else { continue }
                let value = histories.newValue()
                let before = Self.value(of: changed)
                changed.data["value"] = "\(value)"
                await histories.record(object, .update(from: before, to: value)) {
                    await answer {
                        read[object] = try await client.update(changed)
                        return .done
                    }
                }
            case 7..<9:
                let value = histories.newValue()
                await histories.record(object, .create(value)) {
                    await answer {
                        read[object] = try await client.create(
                            ConfigMap {
                                $0.metadata.name = name
                                $0.metadata.namespace = "default"
                                $0.data["value"] = "\(value)"
                            })
                        return .done
                    }
                }
            default:
                await histories.record(object, .delete) {
                    await answer {
                        try await client.delete(ConfigMap.self, name, namespace: "default")
                        return .done
                    }
                }
            }
        }
    }

    private static func value(of object: ConfigMap) -> Int { object.data["value"].flatMap { Int($0) } ?? 0 }

    private func answer(_ body: () async throws -> RegisterHistory.Answer) async -> RegisterHistory.Answer {
        do {
            return try await body()
        } catch let error as APIStatusError {
            if error.isNotFound { return .notFound }
            return error.isConflict || error.isAlreadyExists ? .conflict : .unknown
        } catch { return .unknown }
    }
}

/// A store that is asked over a bad line: of some writes nobody learns whether they were made.
final class LossyStore: Store {
    private let inner: any Store
    private let prefix: String
    private let random: Mutex<SeededRandom>

    init(_ inner: any Store, prefix: String, seed: UInt64) {
        self.inner = inner
        self.prefix = prefix
        random = Mutex(SeededRandom(seed: seed))
    }

    func commit(_ transaction: Transaction, completion: @escaping @Sendable (Result<CommitResult, StoreError>) -> Void) {
        let isMeant = transaction.operations.contains { $0.key.hasPrefix(prefix) }
        switch isMeant ? random.withLock({ Int.random(in: 0..<20, using: &$0) }) : 20 {
        case 0: completion(.failure(.outcomeUnknown("the question was lost")))
        case 1: inner.commit(transaction) { _ in completion(.failure(.outcomeUnknown("the answer was lost"))) }
        default: inner.commit(transaction, completion: completion)
        }
    }

    func range(_ request: RangeRequest) async throws(StoreError) -> RangeResult { try await inner.range(request) }

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
