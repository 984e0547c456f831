import JSON
import Logging
import NIOCore
import Storage
import Synchronization
import Testing

@testable import APIServer

@Suite struct WatchCacheTests {
    let store = MemoryStore()

    @Test func readsWhatWasWrittenAsSoonAsItIsAcknowledged() async throws {
        try await store.putPod("default", "old")
        try await withCache(store) { cache in
            #expect(cache.entry(namespace: "default", name: "old")?.resourceVersion == 1)
            for round in 1...100 {
                let revision = try await store.putPod("default", "a", generation: Int64(round))
                let entry = try #require(cache.entry(namespace: "default", name: "a"))
                #expect(entry.resourceVersion == revision)
                #expect(cache.revision >= revision)
            }
            try await store.deletePod("default", "a")
            #expect(cache.entry(namespace: "default", name: "a") == nil)
        }
    }

    @Test func bytesCarryTheVersionAndNothingElseChanges() async throws {
        let revision = try await store.putPod("default", "a", labels: ["app": "x"])
        try await withCache(store) { cache in
            let entry = try #require(cache.entry(namespace: "default", name: "a"))
            var expected = try JSONValue(parsing: podBytes("default", "a", labels: ["app": "x"]))
            expected["metadata"]?["resourceVersion"] = .string(String(revision))
            #expect(try JSONValue(parsing: entry.bytes) == expected)
            #expect(entry.tree == expected)
            #expect(entry.labels["app"] == "x")
            #expect(entry.labels["none"] == nil)
            #expect(entry.name == "a")
            #expect(entry.namespace == "default")
            let later = entry.withResourceVersion(123_456)
            #expect(later.tree["metadata"]?["resourceVersion"] == "123456")
            #expect(later.tree["spec"] == entry.tree["spec"])
        }
    }

    @Test(arguments: ["", "nonsense", "[]", #"{"metadata":3}"#, #"{"metadata":"#, #"{"a":"\"#, "{\"metadata\"", #"{"metadata":{},"spec":{"a":"b}}"#])
    func damagedObjectsStayVisible(value: String) async throws {
        _ = try await store.commit(.create(key: "/registry/pods/default/bad", value: Array(value.utf8)))
        try await withCache(store) { cache in
            let entry = try #require(cache.entry(namespace: "default", name: "bad"))
            #expect(entry.isDamaged)
            #expect(
                entry.tree == [
                    "apiVersion": "v1", "kind": "Pod", "metadata": ["resourceVersion": "1", "name": "bad", "namespace": "default"],
                ])
        }
    }

    @Test func versionGoesIntoEmptyMetadata() async throws {
        let entry = WatchCacheEntry(
            KeyValue(key: "/registry/pods/a/b", value: Array(#"{"metadata":{ }}"#.utf8), createRevision: 7, modRevision: 7), scope: podScope)
        #expect(!entry.isDamaged)
        #expect(entry.tree == ["metadata": ["resourceVersion": "7"]])
    }

    @Test func watchersSeeEnteringAndLeaving() async throws {
        try await withCache(store) { cache in
            let watcher = try cache.watch(
                WatchOptions(start: .existing, namespace: "default", selector: { $0.labels["app"] == "x" }), onReady: {})
            #expect(watcher.drain().frames == [])
            try await store.putPod("default", "a", labels: ["app": "y"])  // 1
            try await store.putPod("default", "a", labels: ["app": "x"])  // 2
            try await store.putPod("other", "a", labels: ["app": "x"])  // 3
            try await store.putPod("default", "a", labels: ["app": "x"], generation: 1)  // 4
            try await store.putPod("default", "a", labels: ["app": "y"])  // 5
            try await store.putPod("default", "b", labels: ["app": "x"])  // 6
            try await store.deletePod("default", "b")  // 7
            try await store.deletePod("default", "a")  // 8
            #expect(
                watcher.drain().frames == [
                    "ADDED default/a@2", "MODIFIED default/a@4", "DELETED default/a@5", "ADDED default/b@6", "DELETED default/b@7",
                ])
            #expect(watcher.drain().frames == [])
        }
    }

    @Test func leavingObjectIsShownAsItWasUnderTheNewVersion() async throws {
        try await store.putPod("default", "a", labels: ["app": "x"], generation: 41)
        try await withCache(store) { cache in
            let watcher = try cache.watch(WatchOptions(start: .now, selector: { $0.labels["app"] == "x" }), onReady: {})
            let second = try cache.watch(WatchOptions(start: .now, selector: { $0.labels["app"] == "x" }), onReady: {})
            try await store.putPod("default", "a", labels: ["app": "y"], generation: 42)
            let frame = try #require(watcher.next().frames.first)
            let line = try JSONValue(parsing: frame.line())
            #expect(line["type"] == "DELETED")
            #expect(line["object"]?["metadata"]?["generation"] == 41)
            #expect(line["object"]?["metadata"]?["resourceVersion"] == "2")
            // One buffer for both.
            guard case .change(let one, let type) = frame, case .change(let other, _)? = second.next().frames.first else {
                Issue.record("not a change")
                return
            }
            let place = one.buffer(for: type).withUnsafeReadableBytes(\.baseAddress)
            #expect(place == other.buffer(for: type).withUnsafeReadableBytes(\.baseAddress))
        }
    }

    @Test func watchFromThePast() async throws {
        for index in 1...5 { try await store.putPod("default", "p\(index)") }
        try await withCache(store) { cache in
            let watcher = try cache.watch(WatchOptions(start: .after(3)), onReady: {})
            #expect(watcher.drain().frames == ["ADDED default/p4@4", "ADDED default/p5@5"])
            let future = try cache.watch(WatchOptions(start: .after(7), allowBookmarks: true), onReady: {})
            // It is ahead of this server, and no bookmark may send it back.
            cache.sendBookmarks()
            #expect(future.drain().frames.isEmpty)
            for index in 6...8 { try await store.putPod("default", "p\(index)") }
            #expect(future.drain().frames == ["ADDED default/p8@8"])
        }
        try await store.compact(to: 6)
        try await withCache(store) { cache in
            #expect(throws: WatchCacheError.tooOld(requested: 5, oldest: 6)) {
                _ = try cache.watch(WatchOptions(start: .after(5)), onReady: {})
            }
            let late = try cache.watch(WatchOptions(start: .after(6)), onReady: {})
            #expect(late.drain().frames == ["ADDED default/p7@7", "ADDED default/p8@8"])
        }
        #expect(WatchCacheError.tooOld(requested: 5, oldest: 6).description == "too old resource version: 5 (6)")
    }

    @Test func existingObjectsAndTheBookmarkAfterThem() async throws {
        for index in 1...5 { try await store.putPod("default", "p\(index)", node: index % 2 == 0 ? "n" : nil) }
        try await withCache(store) { cache in
            var options = WatchOptions(start: .existing, allowBookmarks: true, bookmarkAfterInitial: true)
            let all = try cache.watch(options, onReady: {})
            options.indexKey = WatchCacheIndexKey(index: "spec.nodeName", value: "n")
            options.selector = { $0.scan { $0.text(at: ["spec", "nodeName"]) } == "n" }
            let some = try cache.watch(options, onReady: {})
            try await store.putPod("default", "p9", node: "n")
            #expect(
                all.drain().frames == (1...5).map { "ADDED default/p\($0)@\($0)" } + ["BOOKMARK@5 end", "ADDED default/p9@6"])
            #expect(some.drain().frames == ["ADDED default/p2@2", "ADDED default/p4@4", "BOOKMARK@5 end", "ADDED default/p9@6"])
        }
    }

    @Test func bookmarksOnTheWire() async throws {
        try await store.putPod("default", "a")
        try await withCache(store) { cache in
            let watcher = try cache.watch(WatchOptions(start: .existing, allowBookmarks: true, bookmarkAfterInitial: true), onReady: {})
            let frame = try #require(watcher.next().frames.last)
            #expect(
                try JSONValue(parsing: frame.line()) == [
                    "type": "BOOKMARK",
                    "object": [
                        "kind": "Pod", "apiVersion": "v1",
                        "metadata": ["resourceVersion": "1", "annotations": ["k8s.io/initial-events-end": "true"]],
                    ],
                ])
        }
    }

    @Test func bookmarksTellProgressOfOtherResources() async throws {
        try await withCache(store) { cache in
            let wakes = Atomic<Int>(0)
            let watcher = try cache.watch(WatchOptions(start: .now, allowBookmarks: true), onReady: { wakes.add(1, ordering: .relaxed) })
            let silent = try cache.watch(WatchOptions(start: .now), onReady: {})
            #expect(watcher.drain().frames == [])
            #expect(silent.drain().frames == [])
            for index in 1...4 { _ = try await store.commit(.create(key: "/registry/secrets/default/s\(index)", value: [1])) }
            cache.sendBookmarks()
            #expect(wakes.load(ordering: .relaxed) == 1)
            #expect(watcher.drain().frames == ["BOOKMARK@4"])
            #expect(silent.drain().frames == [])
            try await store.putPod("default", "a")
            watcher.requestBookmark()
            #expect(watcher.drain().frames == ["ADDED default/a@5", "BOOKMARK@5"])
        }
    }

    @Test func slowWatchersAreClosedAndParkedOnesAreNot() async throws {
        var configuration = podConfiguration
        configuration.eventsMax = 20
        try await withCache(store, configuration: configuration) { cache in
            let wakes = Atomic<Int>(0)
            let slow = try cache.watch(WatchOptions(start: .now), onReady: {})
            let parked = try cache.watch(
                WatchOptions(start: .now, namespace: "quiet"), onReady: { wakes.add(1, ordering: .relaxed) })
            #expect(parked.drain().end == .drained)
            for index in 1...50 { try await store.putPod("default", "p", generation: Int64(index)) }
            #expect(wakes.load(ordering: .relaxed) == 0)
            try await store.putPod("quiet", "q")
            try await store.putPod("quiet", "q", generation: 1)
            #expect(wakes.load(ordering: .relaxed) == 1)
            #expect(parked.drain().frames == ["ADDED quiet/q@51", "MODIFIED quiet/q@52"])
            #expect(slow.drain().end == .closed(.tooSlow))
            #expect(throws: WatchCacheError.self) { _ = try cache.watch(WatchOptions(start: .after(10)), onReady: {}) }
        }
    }

    @Test func indexesFollowTheObjects() async throws {
        try await withCache(store) { cache in
            func names(_ node: String) -> [String]? {
                cache.snapshot(index: WatchCacheIndexKey(index: "spec.nodeName", value: node))?.entries.map(\.name)
            }
            for index in 1...6 { try await store.putPod("default", "p\(index)") }
            #expect(names("") == (1...6).map { "p\($0)" })
            try await store.putPod("default", "p3", node: "n1")
            try await store.putPod("default", "p1", node: "n1")
            #expect(names("n1") == ["p1", "p3"])
            try await store.putPod("default", "p3", node: "n2")
            try await store.deletePod("default", "p1")
            #expect(names("n1") == [])
            #expect(names("n2") == ["p3"])
            #expect(names("")?.count == 4)
            #expect(cache.snapshot(index: WatchCacheIndexKey(index: "none", value: "")) == nil)
        }
    }

    @Test func snapshotsDoNotChange() async throws {
        for index in 0..<2000 { try await store.putPod(index % 2 == 0 ? "even" : "odd", "p\(index)") }
        try await withCache(store) { cache in
            let before = cache.snapshot()
            cache.keep(before)
            for index in 0..<2000 where index % 3 == 0 { try await store.deletePod(index % 2 == 0 ? "even" : "odd", "p\(index)") }
            #expect(before.entries.count == 2000)
            #expect(Array(before.sequence(namespace: "even")).count == 1000)
            #expect(cache.snapshot().entries.count == 1333)
            // Continued by pages, from the snapshot that was kept.
            var names: [String] = []
            while true {
                let snapshot = try #require(cache.snapshot(at: before.revision))
                let last = names.last.map { podScope.key(namespace: "odd", name: $0) }
                let page = snapshot.sequence(namespace: "odd", after: last).prefix(99)
                names += page.map(\.name)
                if page.map(\.name).isEmpty { break }
            }
            #expect(names == (0..<2000).filter { $0 % 2 == 1 }.map { "p\($0)" }.sorted())
            let fromStore = try await cache.snapshotFromStore(at: before.revision)
            #expect(fromStore.entries.map(\.key) == before.entries.map(\.key))
        }
    }

    @Test func waitingForARevision() async throws {
        try await withCache(store) { cache in
            await #expect(throws: WatchCacheError.tooNew(requested: 5, current: 0)) {
                try await cache.waitUntilFresh(5, timeout: .milliseconds(10))
            }
            async let waiting: Void = cache.waitUntilFresh(3, timeout: .seconds(30))
            for index in 1...3 { try await store.putPod("default", "p\(index)") }
            try await waiting
            #expect(cache.revision == 3)
        }
    }

    @Test func cancelledWatchersAreForgotten() async throws {
        try await withCache(store) { cache in
            var watcher: CacheWatcher? = try cache.watch(WatchOptions(start: .now), onReady: {})
            #expect(cache.watcherCount == 1)
            watcher?.cancel()
            #expect(cache.watcherCount == 0)
            #expect(watcher?.drain().end == .drained)
            watcher = try cache.watch(WatchOptions(start: .now), onReady: {})
            #expect(cache.watcherCount == 1)
            watcher = nil
            #expect(cache.watcherCount == 0)
        }
    }
}
