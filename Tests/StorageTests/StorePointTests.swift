import Foundation
import Storage
import Synchronization
import Testing

/// Writers, watches that begin anywhere, compaction and backups, while the store's threads are held up at the places where the order of things matters.
@Suite(.serialized) struct StorePointTests {
    /// A watch as it was asked for, and what it was told.
    private struct Watched: Sendable {
        var start: Int64
        var recorder: WatchRecorder
        var isCancelled: Bool
    }

    /// Holds up whoever comes to a place, now and then, and counts.
    private final class Delays: Sendable {
        private struct State {
            var random: SeededRandom
            var counts: [StorePoint: Int] = [:]
            var isOver = false
        }

        private let state: Mutex<State>

        init(seed: UInt64) { state = Mutex(State(random: SeededRandom(seed: seed))) }

        /// Whether the writers have ended.
        var isOver: Bool { state.withLock { $0.isOver } }
        func end() { state.withLock { $0.isOver = true } }
        var counts: [StorePoint: Int] { state.withLock { $0.counts } }

        func reach(_ point: StorePoint) {
            let pause: UInt32 = state.withLock { state in
                state.counts[point, default: 0] += 1
                return state.random.next() % 4 == 0 ? UInt32(state.random.next() % 2000) : 0
            }
            if pause > 0 { usleep(pause) }
        }
    }

    @Test(arguments: 0..<8)
    func nobodyMissesAnythingWhoeverIsSlow(round: Int) async throws {
        let seed = SeededRandom.seed()
        let fixture = try await StoreFixture(.sqlite)
        let delays = Delays(seed: seed)
        var configuration = SQLiteStore.Configuration()
        configuration.checkpointPages = 20
        configuration.compactionStepRows = 4
        configuration.batchTransactionsMax = 3
        configuration.reached = { delays.reach($0) }
        let store = try await fixture.open(configuration)
        let (reference, _) = try store.record(from: 0)
        let (file, folder) = (fixture.file, fixture.folder.path)
        let watches = try await withThrowingTaskGroup(of: [Watched].self) { group in
            for index in 0..<4 {
                group.addTask {
                    var random = SeededRandom(seed: seed &* 100 &+ UInt64(index))
                    var watches: [Watched] = []
                    while !delays.isOver {
                        if let watch = await Self.watch(store, &random) { watches.append(watch) }
                        await Task.yield()
                    }
                    return watches
                }
            }
            group.addTask {
                var random = SeededRandom(seed: seed &* 100 &+ 50)
                while !delays.isOver {
                    try await store.compact(to: max(store.currentRevision - Int64(random.next() % 20), 0))
                }
                return []
            }
            group.addTask {
                while !delays.isOver {
                    _ = try SQLiteBackup.write(file, to: "\(folder)/b", replacing: true, reached: { delays.reach($0) })
                    // Blocks; the others need this thread too.
                    await Task.yield()
                }
                return []
            }
            try await withThrowingTaskGroup { writers in
                for index in 0..<6 { writers.addTask { try await Self.write(to: store, seed: seed &* 100 &+ 60 &+ UInt64(index)) } }
                try await writers.waitForAll()
            }
            delays.end()
            return try await group.reduce(into: []) { $0 += $1 }
        }
        let last = store.currentRevision
        await reference.wait(for: last)
        #expect(reference.violations == [], "seed \(seed)")
        for watch in watches {
            if !watch.isCancelled { await watch.recorder.wait(for: last) }
            let expected = reference.events.filter { $0.revision > watch.start }
            let told = watch.recorder.events
            let isWhole = watch.isCancelled || watch.recorder.ended != nil || told.count == expected.count
            #expect(isWhole && told == Array(expected.prefix(told.count)), "watch from \(watch.start), seed \(seed)")
            #expect(watch.recorder.violations == [], "watch from \(watch.start), seed \(seed)")
            if let reason = watch.recorder.ended {
                guard case .compacted(let requested, let compacted) = reason, requested >= watch.start, requested < compacted else {
                    Issue.record("watch from \(watch.start) ended with \(reason), seed \(seed)")
                    continue
                }
            }
        }
        store.close()
        #expect(watches.count > 20, "seed \(seed)")
        for point in StorePoint.allCases { #expect(delays.counts[point, default: 0] > 20, "\(point), seed \(seed)") }
    }

    /// Begins a watch somewhere near what can still be read, and leaves it, or lets it go on to the end.
    /// - Returns: nil when it was refused, which only those are that ask for what is gone.
    private static func watch(_ store: any Store, _ random: inout SeededRandom) async -> Watched? {
        let before = store.compactedRevision
        let start = min(max(before - 2 + Int64(random.next() % 12), 0), store.currentRevision)
        do {
            let (recorder, handle) = try store.record(from: start)
            await recorder.waitUntilCaughtUp()
            let isCancelled = random.next() % 3 > 0
            if isCancelled { handle.cancel() }
            return Watched(start: start, recorder: recorder, isCancelled: isCancelled)
        } catch StoreError.compacted(let requested, let compacted) {
            #expect(requested < compacted)
        } catch {
            Issue.record("\(error)")
        }
        return nil
    }

    private static func write(to store: any Store, seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        for step in 0..<120 {
            let key = "k\(random.next() % 9)"
            if random.next() % 4 == 0 { try await store.remove(key) } else { try await store.put(key, "\(seed).\(step)") }
        }
    }
}
