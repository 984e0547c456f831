import Foundation
import Storage
import Testing

/// The power goes: of what was not synced to the disk any part may be there, and what was acknowledged is.
@Suite struct PowerCutTests {
    /// Files of a store as they are while it is open, and how long its log was when each write had been acknowledged.
    private struct Snapshot {
        var database: Data
        var log: Data
        var lengths: [Int] = []
    }

    private static let pageBytes = 4096
    private let fixture: StoreFixture
    private let seed = SeededRandom.seed()

    init() async throws {
        fixture = try await StoreFixture(.sqlite)
    }

    /// The log ends anywhere after what had been synced, or goes on with what the disk held there before.
    @Test(arguments: [false, true])
    func theLogIsCutAnywhere(withGarbage: Bool) async throws {
        var random = SeededRandom(seed: seed)
        let snapshot = try await write(100, &random)
        let garbage = Data(snapshot.log.reversed())
        for round in 0..<40 {
            let cut = Int.random(in: 0...snapshot.log.count, using: &random)
            var log = snapshot.log.prefix(cut)
            if withGarbage { log += garbage.suffix(snapshot.log.count - cut) }
            let acknowledged = snapshot.lengths.count { $0 <= cut }
            try await check(snapshot.database, log, acknowledged, of: snapshot.lengths.count, "round \(round), seed \(seed)")
        }
    }

    /// While the log is carried over into the database, any of the pages may have been written already.
    @Test func anyPagesAreCarriedOver() async throws {
        var random = SeededRandom(seed: seed)
        let before = try await write(100, &random)
        try place(before.database, before.log)
        try await fixture.open().close()
        let after = try Data(contentsOf: URL(fileURLWithPath: fixture.file))
        #expect(after.count > before.database.count)
        for round in 0..<30 {
            var mixed = Data()
            for start in stride(from: 0, to: Int.random(in: before.database.count...after.count, using: &random), by: Self.pageBytes) {
                let isCarried = start >= before.database.count || Bool.random(using: &random)
                mixed += (isCarried ? after : before.database)[start..<min(start + Self.pageBytes, after.count)]
            }
            try await check(mixed, before.log, before.lengths.count, of: before.lengths.count, "round \(round), seed \(seed)")
        }
    }

    /// Writes one key after the other, and keeps the files as they are at the end.
    private func write(_ count: Int, _ random: inout SeededRandom) async throws -> Snapshot {
        var configuration = SQLiteStore.Configuration()
        configuration.checkpointPages = .max
        let store = try await fixture.open(configuration)
        var snapshot = Snapshot(database: Data(), log: Data())
        for index in 1...count {
            try await store.put("/k/\(index)", String(repeating: "v", count: Int.random(in: 0..<6000, using: &random)))
            snapshot.lengths.append(try Data(contentsOf: URL(fileURLWithPath: fixture.file + "-wal"), options: .alwaysMapped).count)
        }
        snapshot.database = try Data(contentsOf: URL(fileURLWithPath: fixture.file))
        snapshot.log = try Data(contentsOf: URL(fileURLWithPath: fixture.file + "-wal"))
        store.close()
        return snapshot
    }

    private func place(_ database: Data, _ log: Data) throws {
        try? FileManager.default.removeItem(atPath: fixture.file + "-shm")
        try database.write(to: URL(fileURLWithPath: fixture.file))
        try log.write(to: URL(fileURLWithPath: fixture.file + "-wal"))
    }

    /// The store opens, has the acknowledged writes and perhaps some that followed, none left out between, and takes more.
    private func check(_ database: Data, _ log: Data, _ acknowledged: Int, of count: Int, _ context: String) async throws {
        try place(database, log)
        let store = try await fixture.open()
        defer { store.close() }
        let found = try await store.range(RangeRequest(.all)).keyValues
        #expect((acknowledged...count).contains(found.count), "\(found.count) of \(acknowledged), \(context)")
        #expect(Set(found.map(\.key)) == Set((1...max(1, found.count)).prefix(found.count).map { "/k/\($0)" }), "\(context)")
        #expect(store.currentRevision == Int64(found.count), "\(context)")
        #expect(try await store.put("/after") == Int64(found.count) + 1, "\(context)")
    }
}
