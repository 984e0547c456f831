import JSON
import Storage
import Testing

@testable import APIServer

@Suite struct SortedEntriesTests {
    /// Random changes against a dictionary, with copies taken on the way that must stay as they were.
    @Test(arguments: [4, 40, 5000] as [UInt64])
    func behavesLikeASortedDictionary(keys: UInt64) {
        let seed = SeededRandom.seed()
        var random = SeededRandom(seed: seed)
        var entries = SortedEntries()
        var model: [String: Int64] = [:]
        var copies: [(SortedEntries, [String: Int64])] = []
        for revision in 1...12_000 as ClosedRange<Int64> {
            let key = "/registry/pods/default/p\(random.next() % keys)"
            // More comes than goes at first, then the other way round.
            if random.next() % 100 < (revision < 7000 ? 80 : 30) {
                let value = KeyValue(key: key, value: Array(#"{"metadata":{}}"#.utf8), createRevision: 1, modRevision: revision)
                let old = entries.insert(WatchCacheEntry(value, scope: podScope))
                #expect(old?.resourceVersion == model[key], "seed \(seed)")
                model[key] = revision
            } else {
                #expect(entries.remove(key)?.resourceVersion == model.removeValue(forKey: key), "seed \(seed)")
            }
            if revision % 1500 == 0 { copies.append((entries, model)) }
        }
        copies.append((entries, model))
        for (entries, model) in copies {
            #expect(entries.count == model.count, "seed \(seed)")
            #expect(entries.map(\.key) == model.keys.sorted(), "seed \(seed)")
            for (key, revision) in model { #expect(entries[key]?.resourceVersion == revision, "seed \(seed)") }
            let start = "/registry/pods/default/p\(random.next() % keys)"
            var cursor = entries.cursor(from: start)
            #expect(cursor.next()?.key == model.keys.filter { $0 >= start }.min(), "seed \(seed)")
            #expect(entries["/registry/pods/default/none"] == nil)
            #expect(entries.rank(of: start) == model.keys.filter { $0 < start }.count, "seed \(seed)")
            let end = "/registry/pods/default/p\(random.next() % keys)"
            #expect(entries.array(from: start, to: end).map(\.key) == model.keys.filter { $0 >= start && $0 < end }.sorted(), "seed \(seed)")
            #expect(
                IteratorSequence(entries.cursor(from: start, to: end)).map(\.key) == model.keys.filter { $0 >= start && $0 < end }.sorted(),
                "seed \(seed)")
            #expect(entries.array(from: start, to: nil).map(\.key) == model.keys.filter { $0 >= start }.sorted(), "seed \(seed)")
        }
    }
}

@Suite struct EventLogTests {
    private func event(_ revision: Int64, bytes: Int = 0) -> WatchCacheEvent {
        let value = #"{"metadata":{},"pad":"\#(String(repeating: "x", count: bytes))"}"#
        let entry = WatchCacheEntry(
            KeyValue(key: "/registry/pods/a/b", value: Array(value.utf8), createRevision: 1, modRevision: revision), scope: podScope)
        return WatchCacheEvent(revision: revision, current: entry, previous: nil)
    }

    @Test func keepsTheNewest() {
        var log = EventLog(after: 5, eventsMax: 100, bytesMax: 1 << 30)
        #expect(log.number(after: 5) == 0)
        #expect(log.number(after: 4) == nil)
        for revision in 6...1000 as ClosedRange<Int64> { log.append(event(revision * 2)) }
        #expect(log.end - log.first == 100)
        #expect(log.floor == 1800)
        #expect(log.number(after: 1799) == nil)
        #expect(log.number(after: 1800) == log.first)
        #expect(log.number(after: 1801) == log.first)
        #expect(log.number(after: 1802) == log.first + 1)
        #expect(log.number(after: 5000) == log.end)
        for number in log.first..<log.end { #expect(log[number]?.revision == 1802 + 2 * Int64(number - log.first)) }
        #expect(log[log.first - 1] == nil)
        #expect(log[log.end] == nil)
    }

    @Test func keepsWithinItsBytes() {
        var log = EventLog(after: 0, eventsMax: 10_000, bytesMax: 1 << 20)
        for revision in 1...500 as ClosedRange<Int64> { log.append(event(revision, bytes: 10_000)) }
        #expect((45...55).contains(log.end - log.first))
        // A few are kept, however big.
        for revision in 501...600 as ClosedRange<Int64> { log.append(event(revision, bytes: 300_000)) }
        #expect(log.end - log.first == EventLog.eventsMin)
    }

    @Test func changesOfOneRevisionGoTogether() {
        var log = EventLog(after: 0, eventsMax: 16, bytesMax: 1 << 20)
        for revision in 1...20 as ClosedRange<Int64> {
            log.append(event(revision))
            log.append(event(revision))
        }
        // The first change of revision 13 may be the oldest there; whoever has seen 12 gets both.
        #expect(log.floor == 12)
        #expect(log.number(after: 12).flatMap { log[$0]?.revision } == 13)
        #expect(log.number(after: 13).flatMap { log[$0]?.revision } == 14)
    }
}

@Suite struct MemberScannerTests {
    /// Cut or altered anywhere, an object leads to an answer and never out of bounds.
    @Test func survivesAnything() {
        let whole = podBytes("default", "a\"\\é", labels: ["l": "v", "m": ""], node: "n")
        for end in 0...whole.count {
            let entry = WatchCacheEntry(
                KeyValue(key: "/registry/pods/default/a", value: Array(whole[..<end]), createRevision: 1, modRevision: 2), scope: podScope)
            _ = entry.labels
            _ = entry.scan { $0.text(at: ["spec", "nodeName"]) }
        }
        let seed = SeededRandom.seed()
        var random = SeededRandom(seed: seed)
        let alphabet = Array(#"{}[]",:\ametd1 "#.utf8)
        for _ in 0..<20_000 {
            var altered = whole
            for _ in 0...random.next() % 3 {
                altered[Int(random.next() % UInt64(whole.count))] = alphabet[Int(random.next() % UInt64(alphabet.count))]
            }
            let entry = WatchCacheEntry(
                KeyValue(key: "/registry/pods/default/a", value: altered, createRevision: 1, modRevision: 2), scope: podScope)
            _ = entry.labels
            _ = entry.scan { $0.text(at: ["spec", "nodeName"]) }
        }
    }

    @Test(
        arguments: [
            (#"{"a":{"b":"x"}}"#, ["a", "b"], #""x""#), (#" { "z" : [ "]" , {"a":"}"} ] , "a" : 12.5e3 } "#, ["a"], "12.5e3"),
            (#"{"a\"":1,"a":"\\\""}"#, ["a"], #""\\\"""#), (#"{"a":{},"b":null}"#, ["b"], "null"), (#"{}"#, ["a"], nil),
            (#"{"a":1}"#, ["a", "b"], nil),
            (#"{"aa":1,"a":{"a":[1,2]}}"#, ["a", "a"], "[1,2]"), ("", ["a"], nil), ("[1]", ["a"], nil),
        ] as [(String, [String], String?)])
    func findsMembers(text: String, path: [String], expected: String?) {
        let bytes = Array(text.utf8)
        let found = bytes.withUnsafeBufferPointer { bytes in
            MemberScanner.value(at: path, in: bytes).map { String(decoding: bytes[$0], as: UTF8.self) }
        }
        #expect(found == expected)
    }
}
