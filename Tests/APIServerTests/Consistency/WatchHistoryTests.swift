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

/// Watchers of the same objects at several servers, which are started anew, whose history is compacted and whose store fails in between.
@Suite struct WatchHistoryTests {
    @Test(arguments: WatchStoreForm.allCases)
    func everyWatcherIsToldEveryChangeOnceAndInOrder(_ form: WatchStoreForm) async throws {
        let seed = SeededRandom.seed()
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("watches-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let source = try await form.source(in: folder)
        let record = WatchRecord()
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
                if round == 0 { try await record.begin(clients[0]) }
                try await withThrowingTaskGroup { group in
                    for index in 0..<WatchRecord.watchers {
                        let watcher = HistoryWatcher(client: clients[index % clients.count], record: record)
                        group.addTask { await watcher.follow(index, seed: seed &* 1000 &+ UInt64(round * 100 + index)) }
                    }
                    group.addTask {
                        try await withThrowingTaskGroup { writers in
                            for index in 0..<4 {
                                let writer = HistoryWriter(client: clients[index % clients.count], record: record)
                                writers.addTask { await writer.run(operations: 40, seed: seed &* 1000 &+ UInt64(round * 100 + 50 + index)) }
                            }
                            writers.addTask { await record.disturb(opened[0]) }
                            writers.addTask { try await source.trouble(record) }
                            try await writers.waitForAll()
                        }
                        try await record.end(clients[0])
                    }
                    try await group.waitForAll()
                }
            }
            record.nextRound()
        }
        let history = record.history
        #expect(history.acknowledged.count > 100 && history.watches.count > 30 && history.watches.contains { $0.listed == nil && !$0.events.isEmpty })
        #expect(history.complaint == nil, "seed \(seed)")
    }
}

/// A checker that finds nothing wrong with anything would let everything pass.
@Suite struct WatchHistoryCheckTests {
    private typealias Event = WatchHistory.Event

    private static let events = [
        Event(revision: 2, kind: .added, name: "a", value: "1"), Event(revision: 3, kind: .modified, name: "a", value: "2"),
        Event(revision: 5, kind: .added, name: "b", value: "3"), Event(revision: 6, kind: .deleted, name: "a", value: "2"),
    ]

    private func complaint(_ change: (inout WatchHistory) -> Void) -> String? {
        var history = WatchHistory()
        for (start, listed) in [(1, [:]), (3, ["a": "2"]), (5, nil)] as [(Int64, [String: String]?)] {
            var watch = WatchHistory.Watch(start: start, listed: listed)
            for event in Self.events where event.revision > start { watch.tell(event) }
            watch.bookmark(8)
            history.watches.append(watch)
        }
        history.baseRevision = 1
        history.acknowledged = [2: ("a", "1"), 3: ("a", "2"), 5: ("b", "3")]
        history.refused = ["4"]
        change(&history)
        return history.complaint
    }

    @Test func whatIsRightPasses() { #expect(complaint { _ in } == nil) }

    @Test func whatIsWrongIsFound() {
        // Lost, twice, out of order, too early, too late.
        #expect(complaint { $0.watches[0].events.remove(at: 1) } != nil)
        #expect(complaint { $0.watches[1].events.removeLast() } != nil)
        #expect(complaint { $0.watches[0].events.append(Self.events[3]) } != nil)
        #expect(complaint { $0.watches[0].events.swapAt(0, 1) } != nil)
        #expect(complaint { $0.watches[2].events.insert(Self.events[2], at: 0) } != nil)
        #expect(complaint { $0.watches[1].bookmark(4) } != nil)
        // Not what was written, not there, never acknowledged.
        #expect(complaint { $0.acknowledged[4] = ("c", "9") } != nil)
        #expect(complaint { $0.acknowledged[5] = ("b", "9") } != nil)
        #expect(complaint { $0.refused = ["3"] } != nil)
        #expect(complaint { $0.watches[1].listed = ["a": "1"] } != nil)
        #expect(complaint { $0.base = ["a": "0"] } != nil)
        #expect(complaint { for index in $0.watches.indices { $0.watches[index].events.removeAll { $0.revision == 5 } } } != nil)
    }
}

/// Where the servers of a test keep their objects, and what happens to that.
enum WatchStoreForm: String, CaseIterable {
    case memory
    case sqlite
    /// Two servers on one member that is killed and started.
    case etcd
    /// Two servers on three members, of which one after the other hangs.
    case etcd3

    struct Source: Sendable {
        let open: @Sendable () throws -> ([any Store], close: () -> Void)
        var trouble: @Sendable (WatchRecord) async throws -> Void = { _ in }
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
        case .etcd, .etcd3:
            let cluster = try await EtcdMembers(members: self == .etcd ? 1 : 3, in: folder)
            return Source {
                let stores = try (0..<2).map { _ in try RunningEtcdStore(cluster.endpoints) { $0.attempt = .milliseconds(500) } }
                return (stores.map(\.store), { for store in stores { store.close() } })
            } trouble: { [self] record in
                guard self == .etcd3 else {
                    await record.writes(20)
                    try await cluster.kill(0)
                    return try cluster.start(0)
                }
                for index in 0..<3 {
                    cluster.pause(index)
                    await record.writes(15)
                    cluster.resume(index)
                }
            }
        }
    }
}

/// What happens in one test.
final class WatchRecord: Sendable {
    private struct State {
        var history = WatchHistory()
        /// Where the round ends for those who watch; nil: not yet.
        var end: Int64?
        /// From where each watcher can go on in the next round.
        var places: [Int: [Int64]] = [:]
        var values = 0
        var writersAtWork = 0
    }

    static let watchers = 6

    private let state = Mutex(State())

    var history: WatchHistory { state.withLock { $0.history } }
    var end: Int64? { state.withLock { $0.end } }

    func places(of watcher: Int) -> [Int64] { state.withLock { $0.places[watcher] ?? [] } }
    func keep(_ places: [Int64], of watcher: Int) { state.withLock { $0.places[watcher] = places } }

    func newValue() -> String {
        state.withLock { state in
            state.values += 1
            return "\(state.values)"
        }
    }

    func begin(_ client: Client) async throws {
        let list = try await client.list(ConfigMap.self, namespace: "default")
        let revision = try #require(Int64(list.metadata.resourceVersion ?? ""))
        state.withLock { state in
            state.history.base = list.values
            state.history.baseRevision = revision
            for watcher in 0..<Self.watchers { state.places[watcher] = [revision] }
        }
    }

    func nextRound() { state.withLock { $0.end = nil } }

    /// Makes the last change of a round.
    func end(_ client: Client) async throws {
        while true {
            let value = newValue()
            let name = "end-\(value)"
            do {
                let made = try await client.create(configMap(name, value))
                acknowledge(made)
                return state.withLock { $0.end = made.revision }
            } catch let error as APIStatusError where (error.status.code ?? 0) >= 500 {
                try await Task.sleep(for: .milliseconds(50))
            }
        }
    }

    func atWork(_ change: Int) { state.withLock { $0.writersAtWork += change } }

    func acknowledge(_ object: ConfigMap) {
        state.withLock { $0.history.acknowledged[object.revision] = (object.metadata.name ?? "", object.data["value"] ?? "") }
    }

    func refuse(_ value: String) { state.withLock { _ = $0.history.refused.insert(value) } }
    func add(_ watch: WatchHistory.Watch) { state.withLock { $0.history.watches.append(watch) } }

    /// Returns when so many more writes have been acknowledged, or nobody writes any more.
    func writes(_ count: Int) async {
        let target = state.withLock { $0.history.acknowledged.count } + count
        while state.withLock({ $0.history.acknowledged.count < target && $0.writersAtWork > 0 }) { try? await Task.sleep(for: .milliseconds(5)) }
    }

    /// Forgets history again and again.
    func disturb(_ store: any Store) async {
        for _ in 0..<4 {
            await writes(15)
            try? await store.compact(to: max(1, store.currentRevision - 10))
        }
    }
}

private func configMap(_ name: String, _ value: String) -> ConfigMap {
    ConfigMap {
        $0.metadata.name = name
        $0.metadata.namespace = "default"
        $0.data["value"] = value
    }
}

extension ConfigMap {
    fileprivate var revision: Int64 { Int64(metadata.resourceVersion ?? "") ?? 0 }
}

extension List<ConfigMap> {
    fileprivate var values: [String: String] {
        Dictionary(items.map { ($0.metadata.name ?? "", $0.data["value"] ?? "") }, uniquingKeysWith: { $1 })
    }
}

/// One client that writes this and that.
private struct HistoryWriter {
    let client: Client
    let record: WatchRecord

    func run(operations: Int, seed: UInt64) async {
        record.atWork(1)
        defer { record.atWork(-1) }
        var random = SeededRandom(seed: seed)
        for _ in 0..<operations {
            let name = "shared-\(Int.random(in: 0..<5, using: &random))"
            let value = record.newValue()
            do {
                switch Int.random(in: 0..<6, using: &random) {
                case 0: try await client.delete(ConfigMap.self, name, namespace: "default")
                case 1, 2: record.acknowledge(try await client.create(configMap(name, value)))
                default:
                    var found = try await client.get(ConfigMap.self, name, namespace: "default")
                    found.data["value"] = value
                    record.acknowledge(try await client.update(found))
                }
            } catch let error as APIStatusError where error.isConflict || error.isAlreadyExists || error.isNotFound {
                record.refuse(value)
            } catch {}
        }
    }
}

/// One client that watches, goes away, and comes back to where it was, or to any place before.
private struct HistoryWatcher {
    let client: Client
    let record: WatchRecord

    func follow(_ index: Int, seed: UInt64) async {
        var random = SeededRandom(seed: seed)
        var places = record.places(of: index)
        while true {
            var watch: WatchHistory.Watch
            // Not for ever back again: at the end everybody gets there.
            if let place =
                Int.random(in: 0..<4, using: &random) == 0 && record.end == nil
                ? places.suffix(40).randomElement(using: &random) : places.last
            {
                watch = WatchHistory.Watch(start: place)
            } else if let list = try? await client.list(ConfigMap.self, namespace: "default"), let start = Int64(list.metadata.resourceVersion ?? "")
            {
                watch = WatchHistory.Watch(start: start, listed: list.values)
                places.append(start)
            } else {
                try? await Task.sleep(for: .milliseconds(20))
                continue
            }
            let isGone = await tell(&watch, events: Int.random(in: 1..<60, using: &random))
            record.add(watch)
            places += watch.events.map(\.revision)
            if let end = record.end, watch.position >= end { return record.keep(Array(places.suffix(40)), of: index) }
            if isGone { places = [] }
        }
    }

    /// Takes so many events of a watch.
    /// - Returns: whether what the watch was to tell is forgotten.
    private func tell(_ watch: inout WatchHistory.Watch, events count: Int) async -> Bool {
        var options = ListOptions(resourceVersion: "\(watch.start)", allowWatchBookmarks: true)
        options.timeoutSeconds = 2
        do {
            for try await event in client.watch(ConfigMap.self, namespace: "default", options) {
                let (kind, object): (WatchHistory.Kind, ConfigMap)
                switch event {
                case .added(let added): (kind, object) = (.added, added)
                case .modified(let modified): (kind, object) = (.modified, modified)
                case .deleted(let deleted): (kind, object) = (.deleted, deleted)
                case .bookmark(let bookmark):
                    watch.bookmark(bookmark.revision)
                    continue
                }
                watch.tell(
                    WatchHistory.Event(
                        revision: object.revision, kind: kind, name: object.metadata.name ?? "", value: object.data["value"] ?? ""))
                if watch.events.count >= count { return false }
            }
        } catch let error as APIStatusError {
            if error.status.code != 410 { try? await Task.sleep(for: .milliseconds(20)) }
            return error.status.code == 410
        } catch {
            try? await Task.sleep(for: .milliseconds(20))
        }
        return false
    }
}
