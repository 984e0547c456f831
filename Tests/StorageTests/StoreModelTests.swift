import Foundation
import Storage
import Testing

/// Many writers at once, on few keys, against what a single-threaded mind would expect.
@Suite struct StoreModelTests {
    /// What was acknowledged to a writer.
    private struct Acknowledged: Sendable {
        var revision: Int64
        var transaction: Transaction
    }

    @Test(arguments: StoreKind.allCases, [1, 2, 3] as [UInt64])
    func nothingIsLostOrDoneTwice(kind: StoreKind, seed: UInt64) async throws {
        let fixture = try await StoreFixture(kind)
        var store = try await fixture.open()
        let (recorder, _) = try store.record(from: 0)
        let shared = store
        var acknowledged = await withTaskGroup(of: [Acknowledged].self) { group in
            for task in 0..<16 {
                group.addTask { await Self.write(to: shared, task: task, seed: seed) }
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
        let last = store.currentRevision
        await recorder.wait(for: last)
        #expect(recorder.violations == [], "seed \(seed)")

        // The events, one after the other, must be what the acknowledged transactions do in the order of their revisions.
        acknowledged.sort { $0.revision < $1.revision }
        var model: [String: KeyValue] = [:]
        var states: [Int64: [KeyValue]] = [0: []]
        var expected: [StoreEvent] = []
        var revision: Int64 = 0
        for done in acknowledged {
            let events = Self.apply(done.transaction, revision: done.revision, to: &model)
            if events.isEmpty { continue }
            #expect(done.revision == revision + 1, "seed \(seed)")
            revision = done.revision
            expected += events
            states[revision] = model.values.sorted { $0.key < $1.key }
        }
        #expect(revision == last, "seed \(seed)")
        let told = recorder.events
        #expect(told.count == expected.count, "seed \(seed)")
        if let wrong = zip(told, expected).first(where: { $0 != $1 }) {
            Issue.record("told \(summary(wrong.0)) instead of \(summary(wrong.1)), seed \(seed)")
        }

        for round in 0..<2 {
            for at in store.compactedRevision...last {
                let range = try await store.range(RangeRequest(.all, revision: at))
                guard range.keyValues == states[at] else {
                    Issue.record("\(range.keyValues.map(summary)) at \(at), round \(round), seed \(seed)")
                    break
                }
            }
            guard kind.isDurable, round == 0 else { break }
            store.close()
            store = try await fixture.open()
            #expect(store.currentRevision == last)
        }
        store.close()
    }

    private static func write(to store: any Store, task: Int, seed: UInt64) async -> [Acknowledged] {
        var random = SeededRandom(seed: seed &* 1000 &+ UInt64(task))
        var acknowledged: [Acknowledged] = []
        for step in 0..<60 {
            let transaction = await someTransaction(in: store, value: "\(task).\(step)", using: &random)
            if case .committed(let revision) = try? await store.commit(transaction) {
                acknowledged.append(Acknowledged(revision: revision, transaction: transaction))
            }
            if task == 0, step % 20 == 19 { try? await store.compact(to: store.currentRevision - 10) }
        }
        return acknowledged
    }

    private static func someTransaction(in store: any Store, value: String, using random: inout SeededRandom) async -> Transaction {
        let key = "k\(random.next() % 12)"
        switch random.next() % 8 {
        case 0, 1, 2:
            return Transaction(operations: [.put(key: key, value: bytes(value))])
        case 3:
            // On condition, for a deletion that finds nothing takes no revision and could not be told from the one before.
            let current = (try? await store.get(key))?.modRevision ?? 0
            return current == 0 ? .create(key: key, value: bytes(value)) : .delete(key: key, modRevision: current)
        case 4:
            return .create(key: key, value: bytes(value))
        case 5:
            let other = "k\(random.next() % 12)"
            if other == key { return Transaction(operations: [.put(key: key, value: bytes(value))]) }
            return Transaction(operations: [.put(key: key, value: bytes(value)), .delete(key: other)])
        default:
            let current = (try? await store.get(key))?.modRevision ?? 0
            return .update(key: key, modRevision: current, value: bytes(value))
        }
    }

    private static func apply(_ transaction: Transaction, revision: Int64, to model: inout [String: KeyValue]) -> [StoreEvent] {
        var events: [StoreEvent] = []
        for operation in transaction.operations {
            switch operation {
            case .put(let key, let value, _):
                let new = KeyValue(key: key, value: value, createRevision: model[key]?.createRevision ?? revision, modRevision: revision)
                model[key] = new
                events.append(.put(new))
            case .delete(let key):
                if let last = model.removeValue(forKey: key) { events.append(.delete(last: last, revision: revision)) }
            }
        }
        return events
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
