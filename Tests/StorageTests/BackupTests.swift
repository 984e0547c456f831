import EtcdFixture
import Foundation
import Linux
import Logging
import Testing

@testable import Storage

/// Backups of both stores, and stores made from them.
@Suite struct BackupTests {
    let fixture: StoreFixture
    private let logger = Logger(label: "test")

    init() async throws {
        fixture = try await StoreFixture(.sqlite)
    }

    private func path(_ name: String) -> String { fixture.folder.appendingPathComponent(name).path }

    private func restored(_ backup: String, to name: String = "new.db") throws -> SQLiteStore {
        _ = try SQLiteBackup.restore(BackupReader(backup), to: path(name), replacing: false, clock: fixture.clock)
        return try SQLiteStore(path: path(name), clock: fixture.clock, logger: logger)
    }

    @Test func aStoreComesBackWithItsRevisions() async throws {
        let store = try await fixture.open()
        try await store.put("/registry/a", "1")
        try await store.put("/registry/b", "2")
        try await store.put("/registry/a", "3")
        try await store.put("/registry/gone")
        try await store.remove("/registry/gone")
        try await store.put("/registry/ä\u{308}", "")
        _ = try await store.commit(
            Transaction(operations: [.put(key: "/registry/t1", value: bytes("x")), .put(key: "/registry/t2", value: bytes("y"))]))
        let before = try await store.range(RangeRequest(.all)).keyValues
        let last = store.currentRevision
        let summary = try SQLiteBackup.write(fixture.file, to: path("b"))
        #expect(summary.count == 5)
        #expect(summary.revision == last)
        // Written after the backup: it is seen by watches, and gone with the store.
        let lost = try await store.put("/registry/lost")
        store.close()

        let new = try restored(path("b"))
        defer { new.close() }
        #expect(try await new.range(RangeRequest(.all)).keyValues == before)
        #expect(new.currentRevision > lost)
        #expect(new.compactedRevision == new.currentRevision)
        // Who knows of the old store's revisions has to list anew.
        #expect(throws: StoreError.compacted(requested: lost, compacted: new.currentRevision)) { _ = try new.record(from: lost) }
        let (recorder, _) = try new.record(from: new.currentRevision)
        let restored = new.currentRevision
        let next = try await new.commit(.update(key: "/registry/a", modRevision: 3, value: bytes("4")))
        #expect(next.revision == restored + 1)
        #expect(await recorder.summaries(through: restored + 1) == ["~ /registry/a=4@\(restored + 1)"])
        #expect(try await new.commit(.update(key: "/registry/b", modRevision: lost, value: [])).revision == nil)
        try await new.compact(to: restored + 1)
        #expect(try await new.range(RangeRequest(.all)).count == 5)
    }

    @Test func onlyItsOwnerMayReadABackup() async throws {
        try await fixture.open().close()
        _ = try SQLiteBackup.write(fixture.file, to: path("b"))
        let attributes = try FileManager.default.attributesOfItem(atPath: path("b"))
        #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
    }

    @Test func theNextRestoreOfABackupGoesFurther() async throws {
        let store = try await fixture.open()
        try await store.put("/registry/a")
        store.close()
        _ = try SQLiteBackup.write(fixture.file, to: path("b"))
        fixture.clock.advance(by: .seconds(1_800_000_000))
        var last: Int64 = 0
        // One backup twice, one of the store that was put back, and the older one again.
        for backup in ["b", "b", "b1", "b", "b1", "b1"] {
            if backup == "b1", !FileManager.default.fileExists(atPath: path("b1")) { _ = try SQLiteBackup.write(fixture.file, to: path("b1")) }
            _ = try SQLiteBackup.restore(BackupReader(path(backup)), to: fixture.file, replacing: true, clock: fixture.clock)
            let store = try await fixture.open()
            #expect(store.currentRevision > last)
            last = try await store.put("/registry/more")
            store.close()
            fixture.clock.advance(by: .seconds(1))
        }
        // A clock that is behind does not lead back either.
        fixture.clock.advance(by: .seconds(-1_000_000_000))
        _ = try SQLiteBackup.write(fixture.file, to: path("b2"))
        _ = try SQLiteBackup.restore(BackupReader(path("b2")), to: fixture.file, replacing: true, clock: fixture.clock)
        let behind = try await fixture.open()
        #expect(behind.currentRevision > last + 1_000_000)
        behind.close()
    }

    @Test func whatExpiresStillDoes() async throws {
        let store = try await fixture.open()
        try await store.put("/registry/soon", timeToLive: .seconds(60))
        try await store.put("/registry/later", timeToLive: .seconds(600))
        store.close()
        _ = try SQLiteBackup.write(fixture.file, to: path("b"), time: fixture.clock.nowMilliseconds)
        fixture.clock.advance(by: .seconds(100))
        let new = try restored(path("b"))
        defer { new.close() }
        let (recorder, _) = try new.record(from: new.currentRevision)
        await recorder.wait(for: new.compactedRevision + 1)
        #expect(try await new.range(RangeRequest(.all)).keyValues.map(\.key) == ["/registry/later"])
        fixture.clock.advance(by: .seconds(600))
        await recorder.wait(for: new.compactedRevision + 2)
        #expect(try await new.range(RangeRequest(.all)).count == 0)
    }

    /// While writers write, a backup is the state at one revision: a prefix of what they have been told is done.
    @Test func aBackupWhileWritersWriteIsOneRevision() async throws {
        let store = try await fixture.open()
        let (recorder, _) = try store.record(from: 0)
        let file = fixture.file
        let folder = fixture.folder.path
        try await withThrowingTaskGroup { group in
            for task in 0..<8 {
                group.addTask {
                    for index in 0..<200 {
                        let key = "/registry/\(task)/\(index % 7)"
                        if index % 5 == 4 { try await store.remove(key) } else { try await store.put(key, "\(index)") }
                    }
                }
            }
            group.addTask {
                for round in 0..<20 { _ = try SQLiteBackup.write(file, to: "\(folder)/b\(round)") }
            }
            try await group.waitForAll()
        }
        await recorder.wait(for: store.currentRevision)
        store.close()
        let events = recorder.events
        for round in 0..<20 {
            let summary = try BackupReader.check(path("b\(round)"))
            var expected: [String: KeyValue] = [:]
            for event in events where event.revision <= summary.revision {
                if case .put(let keyValue) = event { expected[event.key] = keyValue } else { expected[event.key] = nil }
            }
            var found: [String: KeyValue] = [:]
            try BackupReader(path("b\(round)")).forEach { found[$0.keyValue.key] = $0.keyValue }
            #expect(found == expected)
        }
    }

    // MARK: Files that are not as they were

    private func someBackup() async throws -> Data {
        let store = try await fixture.open()
        for index in 0..<50 { try await store.put("/registry/\(index)", String(repeating: "v", count: index)) }
        store.close()
        _ = try SQLiteBackup.write(fixture.file, to: path("b"))
        return try Data(contentsOf: URL(fileURLWithPath: path("b")))
    }

    @Test func anyByteThatIsAnotherIsFound() async throws {
        let whole = try await someBackup()
        for offset in 0..<whole.count {
            var data = whole
            data[offset] ^= 0x10
            try data.write(to: URL(fileURLWithPath: path("c")))
            #expect(throws: BackupError.self, "byte \(offset)") { _ = try BackupReader.check(path("c")) }
        }
    }

    @Test func anyCutIsFound() async throws {
        let whole = try await someBackup()
        for length in 0..<whole.count {
            try whole.prefix(length).write(to: URL(fileURLWithPath: path("c")))
            #expect {
                _ = try BackupReader.check(path("c"))
            } throws: { error in
                if case .damaged? = error as? BackupError { true } else { false }
            }
        }
        try (whole + [0]).write(to: URL(fileURLWithPath: path("c")))
        #expect(throws: BackupError.damaged(file: path("c"), detail: "its checksum is not that of its contents")) {
            _ = try BackupReader.check(path("c"))
        }
    }

    @Test func anotherFormatIsRefused() async throws {
        var data = try await someBackup()
        data[11] = 2
        try data.write(to: URL(fileURLWithPath: path("b")))
        #expect(throws: BackupError.newerFormat(file: path("b"), found: 2, supported: 1)) { _ = try BackupReader.check(path("b")) }
        try Data("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: something that is no backup}\n".utf8).write(to: URL(fileURLWithPath: path("b")))
        #expect(throws: BackupError.foreign(path("b"))) { _ = try BackupReader.check(path("b")) }
    }

    @Test func whatIsThereIsNotReplacedUnasked() async throws {
        let store = try await fixture.open()
        try await store.put("/registry/a", "old")
        _ = try SQLiteBackup.write(fixture.file, to: path("b"))
        #expect(throws: BackupError.exists(path("b"))) { _ = try SQLiteBackup.write(fixture.file, to: path("b")) }
        // Not while it is in use, whatever is said.
        let file = fixture.file
        let holder = "process \(ProcessInfo.processInfo.processIdentifier)"
        #expect(throws: StoreError.locked(file: file, holder: holder)) {
            _ = try SQLiteBackup.restore(BackupReader(path("b")), to: file, replacing: true)
        }
        try await store.put("/registry/a", "newer")
        store.close()
        #expect(throws: BackupError.exists(file)) { _ = try SQLiteBackup.restore(BackupReader(path("b")), to: file, replacing: false) }
        let (_, replaced) = try SQLiteBackup.restore(BackupReader(path("b")), to: file, replacing: true)
        let kept = try SQLiteStore(path: try #require(replaced), logger: logger)
        #expect(try await kept.get("/registry/a")?.value == bytes("newer"))
        kept.close()
        let new = try await fixture.open()
        #expect(try await new.get("/registry/a")?.value == bytes("old"))
        new.close()
        // Nothing of the way there is left behind.
        let files = try FileManager.default.contentsOfDirectory(atPath: fixture.folder.path)
        #expect(files.filter { $0.contains("restored") || $0.contains(".part") } == [])
    }

    @Test func aDamagedStoreIsNotBackedUpAndTheNewestWholeBackupIsNamed() async throws {
        let store = try await fixture.open()
        for index in 0..<500 { try await store.put("/registry/\(index)", String(repeating: "v", count: 500)) }
        store.close()
        let backups = BackupFolder(of: fixture.file)
        try FileManager.default.createDirectory(atPath: backups.path, withIntermediateDirectories: true)
        let times: [Int64] = [1_700_000_000_000, 1_700_000_000_001, 1_800_000_000_000]
        for time in times { _ = try SQLiteBackup.write(fixture.file, to: backups.file(time: time), time: time) }
        #expect(backups.newestWhole() == "\(backups.path)/20270115T080000.000Z.backup")
        // The newest is cut: the one before counts.
        truncate(backups.file(time: times[2]), 5000)
        #expect(backups.newestWhole() == backups.file(time: times[1]))

        var data = try Data(contentsOf: URL(fileURLWithPath: fixture.file))
        data.replaceSubrange(8192..<65536, with: Data(repeating: 0xAA, count: 65536 - 8192))
        try data.write(to: URL(fileURLWithPath: fixture.file))
        #expect {
            _ = try SQLiteBackup.write(fixture.file, to: path("b"))
        } throws: { error in
            if case .corrupt? = error as? StoreError { true } else { false }
        }
        #expect(!FileManager.default.fileExists(atPath: path("b")))
        await #expect {
            _ = try await fixture.open()
        } throws: { error in
            "\(error)".contains("apus restore \(backups.file(time: times[1])) --sqlite-data-dir \(fixture.folder.path) --force")
        }
        _ = try SQLiteBackup.restore(BackupReader(backups.file(time: times[1])), to: fixture.file, replacing: true)
        let new = try await fixture.open()
        #expect(try await new.range(RangeRequest(.all)).count == 500)
        new.close()
    }

    // MARK: etcd

    /// A member with what a backup holds, started from the snapshot that the backup was turned into.
    private func member(from backup: String, _ name: String, keys: EtcdKeySpace = .init()) async throws -> (EtcdMembers, RunningEtcdStore, Int64) {
        let folder = fixture.folder.appendingPathComponent(name)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let snapshot = folder.appendingPathComponent("snapshot.db").path
        let revision = try EtcdSnapshot.write(BackupReader(backup), to: snapshot, keys: keys, replacing: false)
        let cluster = try await EtcdMembers(members: 1, in: folder, snapshot: snapshot)
        let running = try RunningEtcdStore(cluster.endpoints) { $0.keys = keys }
        try await running.waitUntilReady()
        return (cluster, running, revision)
    }

    @Test(arguments: [0, 1, 3000])
    func fromOneStoreToTheOtherAndBack(count: Int) async throws {
        let store = try await fixture.open()
        var random = SeededRandom(seed: 7)
        for start in stride(from: 0, to: count, by: 100) {
            // Values of no byte, and of more than a page of etcd's.
            let operations = (start..<min(start + 100, count)).map { index in
                let value = (0..<(index % 400 == 7 ? 20_000 : index % 900)).map { _ in UInt8.random(in: 0...255, using: &random) }
                return Transaction.Operation.put(key: "/registry/pods/\(index)", value: value)
            }
            _ = try await store.commit(Transaction(operations: operations))
        }
        for index in stride(from: 0, to: count, by: 3) { try await store.put("/registry/pods/\(index)", "changed") }
        let before = try await store.range(RangeRequest(.all)).keyValues
        let last = store.currentRevision
        store.close()
        _ = try SQLiteBackup.write(fixture.file, to: path("b"))

        let keys = EtcdKeySpace(prefix: "/clusters/a")
        let (cluster, running, revision) = try await member(from: path("b"), "etcd", keys: keys)
        let etcd = running.store
        #expect(revision > last)
        #expect(try await etcd.range(RangeRequest(.all)).keyValues == before)
        #expect(etcd.currentRevision == revision)
        #expect(etcd.compactedRevision == revision)
        await #expect(throws: StoreError.self) { _ = try await etcd.range(RangeRequest(.all, revision: max(last, 1))) }
        #expect(try await etcd.put("/registry/pods/new", "1") == revision + 1)
        if let first = before.first {
            let updated = try await etcd.commit(.update(key: first.key, modRevision: first.modRevision, value: bytes("by etcd")))
            #expect(updated.revision == revision + 2)
        }
        // A member that has been stopped finds it all again.
        try await cluster.kill(0)
        try cluster.start(0)
        let moved = try await etcd.range(RangeRequest(.all)).keyValues
        #expect(moved.count == before.count + 1)

        let summary = try await EtcdBackup.write(configuration(cluster, keys), to: path("c"), logger: logger)
        #expect(summary.count == Int64(moved.count))
        let back = try restored(path("c"))
        #expect(try await back.range(RangeRequest(.all)).keyValues == moved)
        #expect(back.currentRevision > summary.revision)
        back.close()
        running.close()
    }

    private func configuration(_ cluster: EtcdMembers, _ keys: EtcdKeySpace) -> EtcdConfiguration {
        var configuration = EtcdConfiguration(endpoints: cluster.endpoints)
        configuration.keys = keys
        return configuration
    }

    @Test func leasesGoWithTheirKeys() async throws {
        let store = try await fixture.open()
        let now = SystemStoreClock().nowMilliseconds
        fixture.clock.advance(by: .milliseconds(now - fixture.clock.nowMilliseconds))
        try await store.put("/registry/stays", "1")
        try await store.put("/registry/expired", "2", timeToLive: .milliseconds(1))
        try await store.put("/registry/event", "3", timeToLive: .seconds(3600))
        store.close()
        _ = try SQLiteBackup.write(fixture.file, to: path("b"))
        let (cluster, running, _) = try await member(from: path("b"), "etcd")
        // What had expired on the way goes as soon as the member leads.
        let (recorder, _) = try running.store.record(from: running.store.compactedRevision)
        await recorder.wait(for: running.store.compactedRevision + 1)
        #expect(try await running.store.range(RangeRequest(.all)).keyValues.map(\.key) == ["/registry/event", "/registry/stays"])
        running.close()
        _ = try await EtcdBackup.write(configuration(cluster, .init()), to: path("c"), logger: logger)
        var expiries: [String: Int64] = [:]
        try BackupReader(path("c")).forEach { expiries[$0.keyValue.key] = $0.expires ?? 0 }
        #expect(expiries["/registry/stays"] == 0)
        let left = try #require(expiries["/registry/event"]) - now
        #expect((1_800_000...3_720_000).contains(left), "\(left)")
    }

    @Test func etcdThatDoesNotAnswerIsSaid() async throws {
        var configuration = EtcdConfiguration(endpoints: [try #require(EtcdEndpoint("unix://\(path("none"))"))])
        configuration.patience = .zero
        await #expect {
            _ = try await EtcdBackup.write(configuration, to: path("b"), logger: logger)
        } throws: { error in
            "\(error)".contains(path("none"))
        }
        #expect(!FileManager.default.fileExists(atPath: path("b")))
    }
}
