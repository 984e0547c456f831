import APIServer
import Foundation
import JSON
import Logging
import Storage
import Synchronization
import Testing

/// Random writers, watchers that begin anywhere and ask for anything, compaction, and a server that is restarted in between: what each watcher was
/// sent must be what a single-threaded mind derives from the changes of the store.
@Suite struct WatchCacheModelTests {
    @Test(arguments: ["memory", "memory", "sqlite"])
    func everyWatcherSeesWhatTheModelSays(kind: String) async throws {
        let seed = SeededRandom.seed()
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("cache-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let store: any Store =
            kind == "memory" ? MemoryStore() : try SQLiteStore(path: folder.path + "/store.db", logger: Logger(label: "test"))
        let world = ModelWorld(store: store)
        try world.record()
        try await world.restartCache()

        let watches = await withTaskGroup(of: [ModelWatch].self) { group in
            for index in 0..<24 {
                group.addTask { await ModelClient(world, seed: seed &* 100 &+ UInt64(index)).follow() }
            }
            await withTaskGroup { writers in
                for index in 0..<6 { writers.addTask { await world.write(seed: seed &* 100 &+ 50 &+ UInt64(index)) } }
                writers.addTask { await world.disturb(seed: seed &* 100 &+ 90) }
            }
            world.finish()
            return await group.reduce(into: []) { $0 += $1 }
        }
        let model = Model(world.events)
        #expect(watches.contains { !$0.frames.isEmpty })
        for watch in watches {
            if let complaint = model.complaint(about: watch, final: world.finalRevision) {
                Issue.record("\(complaint); \(watch.selection) from \(watch.start), seed \(seed)")
                break
            }
        }
    }
}

/// What a watcher of the test asks for.
enum ModelSelection: Sendable {
    case everything
    case namespace(String)
    case label(String)
    case node(String)
    case name(String, String)

    init(using random: inout SeededRandom) {
        self =
            switch random.next() % 5 {
            case 0: .everything
            case 1: .namespace("ns\(random.next() % 3)")
            case 2: .label("v\(random.next() % 3)")
            case 3: .node("n\(random.next() % 3)")
            default: .name("ns\(random.next() % 3)", "p\(random.next() % 8)")
            }
    }

    func options(_ start: WatchOptions.Start) -> WatchOptions {
        var options = WatchOptions(start: start, allowBookmarks: true, bookmarkAfterInitial: start == .existing)
        switch self {
        case .everything: break
        case .namespace(let namespace): options.namespace = namespace
        case .label(let value): options.selector = { $0.labels["l"] == value }
        case .node(let node):
            options.indexKey = WatchCacheIndexKey(index: "spec.nodeName", value: node)
            options.selector = { $0.tree["spec"]?["nodeName"]?.stringValue == node }
        case .name(let namespace, let name):
            options.namespace = namespace
            options.name = name
        }
        return options
    }

    func matches(_ pod: ModelPod) -> Bool {
        switch self {
        case .everything: true
        case .namespace(let namespace): pod.namespace == namespace
        case .label(let value): pod.label == value
        case .node(let node): pod.node == node
        case .name(let namespace, let name): pod.namespace == namespace && pod.name == name
        }
    }
}

/// What the test writes, in a form that is easy to compare.
struct ModelPod: Sendable, Equatable {
    var namespace: String
    var name: String
    var label: String
    var node: String
    /// Tells every write from every other.
    var serial: Int64

    var key: String { podScope.key(namespace: namespace, name: name) }
    var value: [UInt8] { podBytes(namespace, name, labels: ["l": label], node: node, generation: serial) }

    init(namespace: String, name: String, label: String, node: String, serial: Int64) {
        self.namespace = namespace
        self.name = name
        self.label = label
        self.node = node
        self.serial = serial
    }

    init(_ entry: WatchCacheEntry) {
        let tree = entry.tree
        self.init(
            namespace: entry.namespace ?? "", name: entry.name, label: entry.labels["l"] ?? "",
            node: tree["spec"]?["nodeName"]?.stringValue ?? "", serial: tree["metadata"]?["generation"]?.integerValue ?? -1)
    }
}

/// One watch of one client, from its beginning to its end, as the client saw it.
struct ModelWatch: Sendable {
    struct Frame: Sendable, Equatable {
        var type: WatchEventType
        var pod: ModelPod
        var revision: Int64
    }

    var selection: ModelSelection
    var start: WatchOptions.Start
    /// The objects sent first, and the revision that the bookmark after them told.
    var initial: [Frame] = []
    var initialRevision: Int64?
    var frames: [Frame] = []
    /// After how many frames a bookmark came, and what it told.
    var bookmarks: [(after: Int, revision: Int64)] = []
    /// The versions that objects said they have were those of their events.
    var isConsistent = true

    mutating func add(_ frame: WatchFrame) {
        switch frame {
        case .bookmark(let revision, true, _):
            initialRevision = revision
        case .bookmark(let revision, false, _):
            bookmarks.append((frames.count, revision))
        case .initial(let entry):
            initial.append(Frame(type: .added, pod: ModelPod(entry), revision: entry.resourceVersion))
        case .change(let event, let type):
            guard let object = frame.object else {
                isConsistent = false
                return
            }
            if object.tree["metadata"]?["resourceVersion"]?.stringValue != "\(event.revision)" { isConsistent = false }
            frames.append(Frame(type: type, pod: ModelPod(object), revision: event.revision))
        }
    }

    /// Where a client would go on.
    var lastRevision: Int64? {
        [frames.last?.revision, bookmarks.last?.revision, initialRevision].compactMap { $0 }.max()
    }
}

/// The changes of the store, one after the other.
struct Model {
    private struct Change {
        var revision: Int64
        var before: ModelPod?
        var after: ModelPod?
    }

    private var changes: [Change] = []

    init(_ events: [StoreEvent]) {
        var pods: [String: ModelPod] = [:]
        for event in events {
            var after: ModelPod?
            if case .put(let keyValue) = event { after = ModelPod(WatchCacheEntry(keyValue, scope: podScope)) }
            changes.append(Change(revision: event.revision, before: pods[event.key], after: after))
            pods[event.key] = after
        }
    }

    private func expected(_ selection: ModelSelection, after revision: Int64) -> [ModelWatch.Frame] {
        changes.filter { $0.revision > revision }.compactMap { change in
            let before = change.before.flatMap { selection.matches($0) ? $0 : nil }
            let after = change.after.flatMap { selection.matches($0) ? $0 : nil }
            return switch (before, after) {
            case (nil, nil): nil
            case (nil, let after?): .init(type: .added, pod: after, revision: change.revision)
            case (_?, let after?): .init(type: .modified, pod: after, revision: change.revision)
            case (let before?, nil): .init(type: .deleted, pod: before, revision: change.revision)
            }
        }
    }

    private func state(_ selection: ModelSelection, at revision: Int64) -> [ModelWatch.Frame] {
        var pods: [String: ModelWatch.Frame] = [:]
        for change in changes where change.revision <= revision {
            guard let key = change.after?.key ?? change.before?.key else { continue }
            pods[key] = change.after.flatMap {
                selection.matches($0) ? ModelWatch.Frame(type: .added, pod: $0, revision: change.revision) : nil
            }
        }
        return pods.sorted { $0.key < $1.key }.map(\.value)
    }

    /// What is wrong with what a client saw; nil when nothing is.
    func complaint(about watch: ModelWatch, final: Int64) -> String? {
        if !watch.isConsistent { return "an object bears another version than its event" }
        let begin: Int64
        switch watch.start {
        case .now:
            return "not used here"
        case .after(let revision):
            if !watch.initial.isEmpty { return "initial objects that nobody asked for" }
            begin = revision
        case .existing:
            guard let revision = watch.initialRevision else { return watch.frames.isEmpty ? nil : "changes before the initial bookmark" }
            let state = state(watch.selection, at: revision)
            if watch.initial != state { return "began with \(watch.initial) instead of \(state)" }
            begin = revision
        }
        let expected = expected(watch.selection, after: begin)
        if watch.frames.count > expected.count { return "\(watch.frames.count) events instead of \(expected.count)" }
        for (frame, right) in zip(watch.frames, expected) where frame != right { return "sent \(frame) instead of \(right)" }
        for bookmark in watch.bookmarks {
            let due = expected.count { $0.revision <= bookmark.revision }
            if due != bookmark.after { return "bookmark \(bookmark.revision) after \(bookmark.after) events instead of \(due)" }
        }
        if let last = watch.bookmarks.last?.revision, last >= final, watch.frames.count != expected.count {
            return "\(watch.frames.count) events in all instead of \(expected.count)"
        }
        return nil
    }
}

/// A client: watches, and when the watch ends goes on where it was, or begins anew when that is too old.
struct ModelClient {
    private let world: ModelWorld
    private var random: SeededRandom

    init(_ world: ModelWorld, seed: UInt64) {
        self.world = world
        random = SeededRandom(seed: seed)
    }

    consuming func follow() async -> [ModelWatch] {
        let selection = ModelSelection(using: &random)
        var watches: [ModelWatch] = []
        var start = WatchOptions.Start.existing
        while !world.isOver {
            if random.next() % 4 == 0 {
                let current = world.store.currentRevision
                start = .after(Int64.random(in: max(0, current - 200)...current, using: &random))
            }
            let (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
            guard let watcher = try? world.cache.watch(selection.options(start), onReady: { wake.yield() }) else {
                start = .existing
                await Task.yield()
                continue
            }
            var watch = ModelWatch(selection: selection, start: start)
            world.hurry(wake)
            wake.yield()
            var isClosed = false
            // Some clients lose interest early, some stay until they are closed or everything is over.
            var patience = random.next() % 3 == 0 ? Int(random.next() % 200) : .max
            reading: for await _ in wakes {
                while true {
                    let delivery = watcher.next(max: 1 + Int(random.next() % 8))
                    for frame in delivery.frames { watch.add(frame) }
                    patience -= delivery.frames.count
                    if patience < 0 { break reading }
                    switch delivery.state {
                    case .more:
                        if random.next() % 4 == 0 { await Task.yield() }
                        continue
                    case .closed:
                        isClosed = true
                        break reading
                    case .drained:
                        if world.isOver, watch.bookmarks.last.map({ $0.revision >= world.finalRevision }) == true { break reading }
                        if world.isOver { watcher.requestBookmark() }
                    }
                    break
                }
            }
            watcher.cancel()
            start = watch.lastRevision.map { .after($0) } ?? .existing
            if isClosed, random.next() % 8 == 0 { start = .existing }
            watches.append(watch)
        }
        return watches
    }
}

/// The store, the cache in front of it, and those who write.
final class ModelWorld: Sendable {
    let store: any Store

    private struct State {
        var cache: WatchCache?
        var running: Task<Void, any Error>?
        var events: [StoreEvent] = []
        var wakes: [AsyncStream<Void>.Continuation] = []
        var finalRevision: Int64?
    }

    private let state = Mutex(State())
    private let serial = Atomic<Int64>(0)

    init(store: any Store) {
        self.store = store
    }

    var cache: WatchCache {
        get throws { try #require(state.withLock { $0.cache }) }
    }

    var events: [StoreEvent] { state.withLock { $0.events } }
    var isOver: Bool { state.withLock { $0.finalRevision != nil } }
    var finalRevision: Int64 { state.withLock { $0.finalRevision ?? .max } }

    func record() throws {
        _ = try store.watch(KeyRange(prefix: podScope.prefix), from: 0) { [self] batch in
            if case .events(let events, _) = batch { state.withLock { $0.events += events } }
        }
    }

    func restartCache() async throws {
        let old = state.withLock { $0.running }
        old?.cancel()
        try await old?.value
        var configuration = podConfiguration
        configuration.eventsMax = 150
        configuration.replayedRevisionsMax = 100
        let cache = WatchCache(scope: podScope, store: store, configuration: configuration, logger: Logger(label: "test"))
        let running = Task { try await cache.run() }
        try await cache.waitUntilFresh(timeout: .seconds(30))
        state.withLock { state in
            state.cache = cache
            state.running = running
        }
    }

    func write(seed: UInt64) async {
        var random = SeededRandom(seed: seed)
        for _ in 0..<250 {
            let pod = ModelPod(
                namespace: "ns\(random.next() % 3)", name: "p\(random.next() % 8)", label: "v\(random.next() % 3)", node: "n\(random.next() % 3)",
                serial: serial.add(1, ordering: .relaxed).newValue)
            let transaction =
                switch random.next() % 6 {
                case 0: Transaction(operations: [.delete(key: pod.key)])
                case 1: Transaction(operations: [.put(key: "/registry/others/x", value: [1])])
                default: Transaction(operations: [.put(key: pod.key, value: pod.value)])
                }
            guard let revision = try? await store.commit(transaction).revision else { continue }
            // Whoever has a write acknowledged reads it, or something newer.
            if let cache = try? cache, cache.isReady, case .put(let key, _, _)? = transaction.operations.first, key == pod.key {
                let seen = cache.entry(key: key)?.resourceVersion ?? .max
                if cache.isReady, seen < revision { Issue.record("read \(seen) after writing \(revision), seed \(seed)") }
            }
        }
    }

    /// Compaction, bookmarks and restarts while the others are at it.
    func disturb(seed: UInt64) async {
        var random = SeededRandom(seed: seed)
        for _ in 0..<40 {
            let target = store.currentRevision + 30
            switch random.next() % 4 {
            case 0: try? await store.compact(to: max(0, store.currentRevision - Int64(random.next() % 60)))
            case 1: try? await restartCache()
            default: (try? cache)?.sendBookmarks()
            }
            if target > 1400 { return }
            try? await (try? cache)?.waitUntilFresh(target, timeout: .seconds(1))
        }
    }

    /// Nothing is written any more: those who wait have to look once more.
    func finish() {
        let wakes = state.withLock { state in
            state.finalRevision = store.currentRevision
            return state.wakes
        }
        for wake in wakes { wake.yield() }
    }

    /// Remembers whom to wake at the end.
    func hurry(_ wake: AsyncStream<Void>.Continuation) {
        let isOver = state.withLock { state in
            state.wakes.append(wake)
            return state.finalRevision != nil
        }
        if isOver { wake.yield() }
    }
}

/// SplitMix64: the same numbers for the same seed, everywhere.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    /// Another one for each run; that of a run that failed, and has told it, with `APUS_TEST_SEED`.
    static func seed() -> UInt64 {
        ProcessInfo.processInfo.environment["APUS_TEST_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0..<1_000_000)
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
