import Storage
import Testing

/// What every store promises; see `Store`.
@Suite struct StoreContractTests {
    @Test(arguments: StoreKind.allCases)
    func revisionsCountTransactions(kind: StoreKind) async throws {
        let fixture = try await StoreFixture(kind)
        let store = try await fixture.open()
        #expect(store.currentRevision == 0)
        #expect(try await store.put("a") == 1)
        #expect(try await store.put("b") == 2)
        #expect(try await store.put("a", "2") == 3)
        #expect(try await store.remove("b") == 4)
        // Nothing to do takes no revision.
        #expect(try await store.remove("b") == 4)
        #expect(try await store.commit(Transaction(operations: [])) == .committed(revision: 4))
        let both = Transaction(operations: [.put(key: "x", value: []), .delete(key: "none"), .put(key: "y", value: []), .delete(key: "a")])
        #expect(try await store.commit(both) == .committed(revision: 5))
        #expect(store.currentRevision == 5)
        #expect(try await store.contents() == ["x=@5", "y=@5"])
        let again = try await store.get("x")
        #expect(again == KeyValue(key: "x", value: [], createRevision: 5, modRevision: 5))
        store.close()
    }

    @Test(arguments: StoreKind.allCases)
    func conditionsMustHold(kind: StoreKind) async throws {
        let fixture = try await StoreFixture(kind)
        let store = try await fixture.open()
        #expect(try await store.commit(.create(key: "a", value: bytes("1"))) == .committed(revision: 1))
        #expect(
            try await store.commit(.create(key: "a", value: bytes("2"))) == .conflict(.init(key: "a", modRevision: 0), modRevision: 1))
        #expect(try await store.commit(.update(key: "a", modRevision: 1, value: bytes("3"))) == .committed(revision: 2))
        #expect(
            try await store.commit(.update(key: "a", modRevision: 1, value: bytes("4")))
                == .conflict(.init(key: "a", modRevision: 1), modRevision: 2))
        #expect(
            try await store.commit(.update(key: "none", modRevision: 1, value: bytes("5")))
                == .conflict(.init(key: "none", modRevision: 1), modRevision: 0))
        // One that fails keeps all from being done.
        let mixed = Transaction(
            conditions: [.init(key: "a", modRevision: 2), .init(key: "b", modRevision: 9)],
            operations: [.put(key: "a", value: bytes("6")), .put(key: "c", value: [])])
        #expect(try await store.commit(mixed) == .conflict(.init(key: "b", modRevision: 9), modRevision: 0))
        #expect(try await store.contents() == ["a=3@2"])
        #expect(try await store.commit(.delete(key: "a", modRevision: 1)) == .conflict(.init(key: "a", modRevision: 1), modRevision: 2))
        #expect(try await store.commit(.delete(key: "a", modRevision: 2)) == .committed(revision: 3))
        // A key made anew begins anew.
        #expect(try await store.commit(.create(key: "a", value: [])) == .committed(revision: 4))
        #expect(try await store.get("a")?.createRevision == 4)
        store.close()
    }

    @Test(arguments: StoreKind.allCases)
    func keysAreOrderedAndToldApartByTheirBytes(kind: StoreKind) async throws {
        let fixture = try await StoreFixture(kind)
        let store = try await fixture.open()
        let keys = ["/b", "/a/z", "/a", "/a/", "/a0", "/ä", "/a\u{308}", "/\u{10FFFF}", "/\u{FFFD}", "/a b", "/a'\"", "/a\0", "/B"]
        for key in keys { try await store.put(key) }
        let sorted = keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        #expect(try await store.range(RangeRequest(.all)).keyValues.map { Array($0.key.utf8) } == sorted.map { Array($0.utf8) })
        #expect(try await store.contents(KeyRange(prefix: "/a/")) == ["/a/=@4", "/a/z=@2"])
        #expect(try await store.contents(KeyRange(key: "/a")) == ["/a=@3"])
        #expect(try await store.contents(KeyRange(from: "/a0", to: "/b")) == ["/a0=@5", "/a\u{308}=@7"])
        #expect(try await store.contents(KeyRange(prefix: "/\u{10FFFF}")).count == 1)
        #expect(try await store.contents(KeyRange(prefix: "")).count == keys.count)
        store.close()
    }

    @Test(arguments: StoreKind.allCases)
    func rangesAtOldRevisions(kind: StoreKind) async throws {
        let fixture = try await StoreFixture(kind)
        let store = try await fixture.open()
        try await store.put("a", "1")  // 1
        try await store.put("b", "1")  // 2
        try await store.put("a", "2")  // 3
        try await store.remove("b")  // 4
        try await store.put("c", "1")  // 5
        try await store.put("b", "2")  // 6
        try await store.remove("a")  // 7
        let expected: [[String]] = [
            [], ["a=1@1"], ["a=1@1", "b=1@2"], ["a=2@3", "b=1@2"], ["a=2@3"], ["a=2@3", "c=1@5"], ["a=2@3", "b=2@6", "c=1@5"],
            ["b=2@6", "c=1@5"],
        ]
        for (revision, contents) in expected.enumerated() {
            #expect(try await store.contents(at: Int64(revision)) == contents, "at \(revision)")
        }
        for compacted in [2, 4, 7] as [Int64] {
            try await store.compact(to: compacted)
            #expect(store.compactedRevision == compacted)
            for (revision, contents) in expected.enumerated() where revision >= compacted {
                #expect(try await store.contents(at: Int64(revision)) == contents, "at \(revision) after \(compacted)")
            }
            await #expect(throws: StoreError.compacted(requested: compacted - 1, compacted: compacted)) {
                _ = try await store.contents(at: compacted - 1)
            }
        }
        await #expect(throws: StoreError.futureRevision(requested: 8, current: 7)) { _ = try await store.contents(at: 8) }
        await #expect(throws: StoreError.futureRevision(requested: 8, current: 7)) { try await store.compact(to: 8) }
        try await store.compact(to: 3)
        #expect(store.compactedRevision == 7)
        store.close()
    }

    @Test(arguments: StoreKind.allCases)
    func limitMoreAndCount(kind: StoreKind) async throws {
        let fixture = try await StoreFixture(kind)
        let store = try await fixture.open()
        for index in 0..<10 { try await store.put("/x/\(index)") }
        try await store.put("/y")
        try await store.remove("/x/9")
        let range = KeyRange(prefix: "/x/")
        for (limit, keys, more) in [(nil, 9, false), (9, 9, false), (10, 9, false), (8, 8, true), (1, 1, true), (0, 0, true)] as [(Int?, Int, Bool)] {
            let result = try await store.range(RangeRequest(range, limit: limit))
            #expect(result.keyValues.map(\.key) == (0..<keys).map { "/x/\($0)" })
            #expect(result.more == more)
            #expect(result.count == 9)
            #expect(result.revision == 12)
        }
        let uncounted = try await store.range(RangeRequest(range, limit: 3, countsAll: false))
        #expect(uncounted.more)
        #expect(uncounted.count == 3)
        let old = try await store.range(RangeRequest(range, revision: 11, limit: 3))
        #expect(old.count == 10)
        #expect(old.revision == 11)
        store.close()
    }

    @Test(arguments: StoreKind.allCases)
    func refusesWhatNoStoreMayAccept(kind: StoreKind) async throws {
        let fixture = try await StoreFixture(kind)
        let store = try await fixture.open()
        let refused: [Transaction] = [
            Transaction(operations: [.put(key: "a", value: []), .delete(key: "a")]),
            Transaction(operations: [.put(key: "", value: [])]),
            Transaction(operations: [.put(key: String(repeating: "k", count: StoreLimits.keyBytesMax + 1), value: [])]),
            Transaction(operations: [.put(key: "a", value: [UInt8](repeating: 0, count: StoreLimits.valueBytesMax + 1))]),
            Transaction(operations: [.put(key: "a", value: [], timeToLive: .zero)]),
            Transaction(operations: (0...StoreLimits.operationsPerTransactionMax).map { .delete(key: "\($0)") }),
            Transaction(conditions: [.init(key: "a", modRevision: -1)], operations: []),
        ]
        for transaction in refused {
            await #expect {
                _ = try await store.commit(transaction)
            } throws: { error in
                if case StoreError.invalid = error { true } else { false }
            }
        }
        #expect(store.currentRevision == 0)
        store.close()
        await #expect(throws: StoreError.closed) { try await store.put("a") }
        await #expect(throws: StoreError.closed) { _ = try await store.contents() }
        await #expect(throws: StoreError.closed) { try await store.compact(to: 0) }
        #expect(throws: StoreError.closed) { _ = try store.watch(.all, from: 0) { _ in } }
    }

    @Test(arguments: StoreKind.allCases.filter(\.hasClock))
    func keysExpire(kind: StoreKind) async throws {
        let fixture = try await StoreFixture(kind)
        let store = try await fixture.open()
        let (recorder, _) = try store.record(from: 0)
        try await store.put("event", "1", timeToLive: .seconds(10))  // 1
        try await store.put("lease", "1", timeToLive: .seconds(15))  // 2
        try await store.put("kept", "1", timeToLive: .seconds(5))  // 3
        try await store.put("kept", "2")  // 4: permanent from here
        fixture.clock.advance(by: .seconds(9))
        try await store.put("lease", "2", timeToLive: .seconds(15))  // 5: counts anew
        fixture.clock.advance(by: .milliseconds(999))
        #expect(try await store.contents() == ["event=1@1", "kept=2@4", "lease=2@5"])
        fixture.clock.advance(by: .milliseconds(1))
        await recorder.wait(for: 6)
        #expect(try await store.contents() == ["kept=2@4", "lease=2@5"])
        fixture.clock.advance(by: .seconds(14))
        await recorder.wait(for: 7)
        #expect(try await store.contents() == ["kept=2@4"])
        fixture.clock.advance(by: .seconds(100_000))
        try await store.put("last")
        #expect(
            await recorder.summaries(through: 8) == [
                "+ event=1@1", "+ lease=1@2", "+ kept=1@3", "~ kept=2@4", "~ lease=2@5", "- event=1@1 at 6", "- lease=2@5 at 7", "+ last=@8",
            ])
        #expect(recorder.violations == [])
        store.close()
    }

    @Test(arguments: StoreKind.allCases.filter(\.hasClock))
    func manyKeysExpireTogether(kind: StoreKind) async throws {
        let fixture = try await StoreFixture(kind)
        let store = try await fixture.open()
        let count = StoreLimits.operationsPerTransactionMax * 2 + 10
        for index in 0..<count { try await store.put("/events/\(index)", timeToLive: .seconds(3600)) }
        let (recorder, _) = try store.record(from: store.currentRevision)
        fixture.clock.advance(by: .seconds(3600))
        await recorder.wait(for: Int64(count) + 3)
        #expect(recorder.events.count == count)
        #expect(try await store.contents() == [])
        store.close()
    }

    @Test(arguments: StoreKind.allCases.filter { $0.isDurable && $0.hasClock })
    func everythingIsThereAfterReopening(kind: StoreKind) async throws {
        let fixture = try await StoreFixture(kind)
        var store = try await fixture.open()
        try await store.put("a", "1")
        try await store.put("b", "1", timeToLive: .seconds(60))
        try await store.put("a", "2")
        try await store.put("c", "1")
        try await store.remove("c")
        store.close()

        store = try await fixture.open()
        #expect(store.currentRevision == 5)
        #expect(try await store.contents() == ["a=2@3", "b=1@2"])
        #expect(try await store.contents(at: 4) == ["a=2@3", "b=1@2", "c=1@4"])
        let (recorder, _) = try store.record(from: 2)
        #expect(await recorder.summaries(through: 5) == ["~ a=2@3", "+ c=1@4", "- c=1@4 at 5"])
        // The deletion was the newest change: compacting it away must not let its revision be given out again.
        try await store.compact(to: 5)
        store.close()

        fixture.clock.advance(by: .seconds(60))
        store = try await fixture.open()
        #expect(store.compactedRevision == 5)
        await #expect(throws: StoreError.compacted(requested: 4, compacted: 5)) { _ = try await store.contents(at: 4) }
        let (later, _) = try store.record(from: 5)
        await later.wait(for: 6)
        #expect(try await store.contents() == ["a=2@3"])
        #expect(try await store.put("d") == 7)
        try await store.compact(to: 7)
        #expect(try await store.contents() == ["a=2@3", "d=@7"])
        store.close()
    }
}
