import Storage
import Synchronization
import Testing

/// What every store promises about watches.
@Suite struct StoreWatchTests {
    @Test(arguments: StoreKind.allCases)
    func watchesSeeThePastAndThenThePresent(kind: StoreKind) async throws {
        let fixture = try await StoreFixture(kind)
        let store = try await fixture.open()
        try await store.put("/a/1", "1")  // 1
        try await store.put("/b/1", "1")  // 2
        try await store.put("/a/1", "2")  // 3
        try await store.remove("/a/1")  // 4
        let (all, _) = try store.record(from: 0)
        let (some, _) = try store.record(KeyRange(prefix: "/a/"), from: 1)
        let (future, _) = try store.record(from: 6)
        try await store.put("/a/2")  // 5
        try await store.put("/b/2")  // 6
        try await store.put("/c")  // 7
        #expect(
            await all.summaries(through: 7) == [
                "+ /a/1=1@1", "+ /b/1=1@2", "~ /a/1=2@3", "- /a/1=2@3 at 4", "+ /a/2=@5", "+ /b/2=@6", "+ /c=@7",
            ])
        #expect(await some.summaries(through: 7) == ["~ /a/1=2@3", "- /a/1=2@3 at 4", "+ /a/2=@5"])
        #expect(await future.summaries(through: 7) == ["+ /c=@7"])
        #expect(all.violations + some.violations + future.violations == [])
        store.close()
        #expect(all.ended == .closed)
    }

    @Test(arguments: StoreKind.allCases)
    func acknowledgedWritesHaveBeenTold(kind: StoreKind) async throws {
        let fixture = try await StoreFixture(kind)
        let store = try await fixture.open()
        for _ in 1...20 { try await store.put("k") }
        let (recorder, _) = try store.record(from: 0)
        await recorder.waitUntilCaughtUp()
        #expect(recorder.events.count == 20)
        for index in 21...50 {
            let revision = try await store.put("k")
            #expect(recorder.events.count == index)
            #expect(store.currentRevision >= revision)
        }
        store.close()
    }

    @Test(arguments: StoreKind.allCases)
    func watchesHearOfProgressElsewhere(kind: StoreKind) async throws {
        let fixture = try await StoreFixture(kind)
        let store = try await fixture.open()
        let (recorder, _) = try store.record(KeyRange(prefix: "/a/"), from: 0)
        for _ in 0..<10 { try await store.put("/b") }
        await recorder.wait(for: 10)
        #expect(recorder.events.isEmpty)
        #expect(recorder.violations == [])
        store.close()
    }

    @Test(arguments: StoreKind.allCases)
    func watchesAcrossCompaction(kind: StoreKind) async throws {
        let fixture = try await StoreFixture(kind)
        let store = try await fixture.open()
        for round in 0..<3 {
            for key in ["a", "b"] { try await store.put(key, "\(round)") }
        }
        try await store.remove("a")  // 7
        try await store.put("b", "last")  // 8
        let (early, _) = try store.record(from: 0)
        await early.wait(for: 8)
        try await store.compact(to: 6)
        #expect(throws: StoreError.compacted(requested: 5, compacted: 6)) { _ = try store.record(from: 5) }
        // The last state before the deletion is older than the compaction and still told.
        let (late, _) = try store.record(from: 6)
        #expect(await late.summaries(through: 8) == ["- a=2@5 at 7", "~ b=last@8"])
        try await store.compact(to: 8)
        try await store.put("a")  // 9
        #expect(await late.summaries(through: 9).last == "+ a=@9")
        #expect(early.events.count == 9)
        store.close()
    }

    @Test(arguments: StoreKind.allCases)
    func cancelledWatchesHearNothing(kind: StoreKind) async throws {
        let fixture = try await StoreFixture(kind)
        let store = try await fixture.open()
        let (recorder, handle) = try store.record(from: 0)
        try await store.put("a")
        await recorder.wait(for: 1)
        handle.cancel()
        handle.cancel()
        try await store.put("b")
        try await store.put("c")
        #expect(recorder.events.count == 1)
        store.close()
        #expect(recorder.ended == nil)
    }

    @Test(arguments: StoreKind.allCases)
    func handlersAndCompletionsMayCallTheStore(kind: StoreKind) async throws {
        let fixture = try await StoreFixture(kind)
        let store = try await fixture.open()
        // Every change of `ping` is answered by one of `pong`, from within the handler.
        let handle = try store.watch(KeyRange(prefix: "ping"), from: 0) { batch in
            guard case .events(let events, _) = batch else { return }
            for event in events {
                store.commit(Transaction(operations: [.put(key: "pong", value: bytes("\(event.revision)"))])) { _ in }
            }
        }
        let (recorder, _) = try store.record(from: 0)
        for _ in 0..<20 { try await store.put("ping") }
        await recorder.wait(for: 40)
        #expect(recorder.events.filter { $0.key == "pong" }.count == 20)
        handle.cancel()
        store.close()
    }

    @Test(arguments: StoreKind.allCases)
    func longPastIsToldWhileWritesGoOn(kind: StoreKind) async throws {
        let fixture = try await StoreFixture(kind)
        let store = try await fixture.open()
        await withTaskGroup { group in
            for task in 0..<32 {
                group.addTask {
                    for index in 0..<100 { _ = try? await store.put("/\(index % 7 == 0 ? "rare" : "often")/\(task)/\(index)") }
                }
            }
        }
        let (recorder, _) = try store.record(KeyRange(prefix: "/rare/"), from: 0)
        async let more: Void = {
            for index in 0..<50 { try await store.put("/rare/later/\(index)") }
        }()
        try await more
        await recorder.wait(for: 3250)
        #expect(recorder.events.count == 32 * 15 + 50)
        #expect(recorder.violations == [])
        store.close()
    }
}
