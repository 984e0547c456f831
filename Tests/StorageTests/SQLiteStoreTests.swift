import Foundation
import Logging
import Storage
import Synchronization
import Testing

/// What only a store in a file has to do.
@Suite struct SQLiteStoreTests {
    let fixture: StoreFixture

    init() async throws {
        fixture = try await StoreFixture(.sqlite)
    }

    @Test func onlyOneMayHaveItOpen() async throws {
        let store = try await fixture.open()
        await #expect(throws: StoreError.locked(file: fixture.file, holder: "process \(ProcessInfo.processInfo.processIdentifier)")) {
            _ = try await fixture.open()
        }
        store.close()
        try await fixture.open().close()
    }

    @Test func lettingGoOfItClosesIt() async throws {
        var store: (any ClosableStore)? = try await fixture.open()
        try await store?.put("a")
        let (recorder, _) = try #require(try store?.record(from: 0))
        store = nil
        await recorder.wait(for: .max)
        #expect(recorder.ended == .closed)
    }

    @Test func nobodyElseMayReadIt() async throws {
        let store = try await fixture.open()
        try await store.put("secret")
        for suffix in ["", "-wal", "-shm", ".lock"] {
            let attributes = try FileManager.default.attributesOfItem(atPath: fixture.file + suffix)
            let permissions = try #require(attributes[.posixPermissions] as? NSNumber)
            #expect(permissions.intValue & 0o077 == 0, "\(suffix)")
        }
        store.close()
    }

    @Test(arguments: ["head", "pages", "text", "foreign"])
    func damageIsReportedAndLeftAlone(kind: String) async throws {
        let store = try await fixture.open()
        for index in 0..<500 { try await store.put("/k/\(index)", String(repeating: "v", count: 500)) }
        store.close()
        let url = URL(fileURLWithPath: fixture.file)
        var data = try Data(contentsOf: url)
        switch kind {
        case "head": data.replaceSubrange(0..<100, with: Data(repeating: 0x55, count: 100))
        case "pages": data.replaceSubrange(8192..<65536, with: Data(repeating: 0xAA, count: 65536 - 8192))
        case "text": data = Data("apiVersion: v1\n".utf8) + Data(repeating: 0x20, count: 8192)
        default:
            try FileManager.default.removeItem(at: url)
            let shell = try Process.run(
                URL(fileURLWithPath: "/usr/bin/env"), arguments: ["sqlite3", fixture.file, "CREATE TABLE other (x); INSERT INTO other VALUES (1)"])
            shell.waitUntilExit()
            guard shell.terminationStatus == 0 else { return }  // no sqlite3 here
            data = try Data(contentsOf: url)
        }
        try data.write(to: url)
        await #expect {
            _ = try await fixture.open()
        } throws: { error in
            guard case StoreError.corrupt(let file, _, _)? = error as? StoreError else { return false }
            return file == fixture.file && "\(error)".contains("backup")
        }
        #expect(try Data(contentsOf: url) == data)
    }

    @Test func newerFormatIsRefused() async throws {
        try await fixture.open().close()
        let url = URL(fileURLWithPath: fixture.file)
        var data = try Data(contentsOf: url)
        data[63] = 9  // the low byte of user_version
        try data.write(to: url)
        await #expect(throws: StoreError.newerSchema(file: fixture.file, found: 9, supported: 1)) { _ = try await fixture.open() }
    }

    @Test(arguments: [true, false])
    func aSlowDiskIsSaid(isSlow: Bool) throws {
        let said = Mutex<[String]>([])
        var configuration = SQLiteStore.Configuration()
        configuration.syncExpected = isSlow ? .zero : .seconds(60)
        let logger = Logger(label: "test") { _ in RecordingLogHandler { line in said.withLock { $0.append(line) } } }
        let store = try SQLiteStore(path: fixture.file, configuration: configuration, logger: logger)
        // The writer has begun when it has ended.
        store.close()
        #expect(said.withLock { $0 }.contains { $0.hasPrefix("warning the disk is slow") && $0.contains(fixture.file) } == isSlow)
    }

    @Test func missingFolderIsNamed() async throws {
        #expect {
            _ = try SQLiteStore(path: fixture.file + "/no/such/store.db", logger: Logger(label: "test"))
        } throws: { error in
            "\(error)".contains("/no/such/store.db")
        }
    }

    @Test func fullDiskFailsTheWriteAndNothingElse() async throws {
        var configuration = SQLiteStore.Configuration()
        configuration.sizeBytesMax = 256 << 10
        let store = try await fixture.open(configuration)
        let value = String(repeating: "v", count: 5000)
        try await store.put("/kept", value)
        var last: Int64 = 0
        await #expect(throws: StoreError.diskFull(file: fixture.file)) {
            while true { last = try await store.put("/big", value) }
        }
        #expect(store.currentRevision == last)
        await #expect(throws: StoreError.diskFull(file: fixture.file)) { try await store.put("/other", value) }
        #expect(try await store.range(RangeRequest(.all)).keyValues.map(\.modRevision) == [last, 1])
        let (recorder, _) = try store.record(from: 0)
        await recorder.wait(for: last)
        #expect(recorder.events.count == Int(last))
        // Compaction makes space; then it goes on where it was.
        try await store.compact(to: last)
        #expect(try await store.put("/other", value) == last + 1)
        await recorder.wait(for: last + 1)
        #expect(recorder.violations == [])
        store.close()
        #expect(try await fixture.open().currentRevision == last + 1)
    }

    @Test func compactionFreesTheSpace() async throws {
        let store = try await fixture.open()
        let value = String(repeating: "v", count: 2000)
        func fill() async throws {
            await withTaskGroup { group in
                for task in 0..<16 {
                    group.addTask {
                        for index in 0..<50 {
                            _ = try? await store.put("/k/\(task)", value)
                            _ = try? await store.put("/gone/\(task)/\(index)", value)
                            _ = try? await store.remove("/gone/\(task)/\(index)")
                        }
                    }
                }
            }
            try await store.compact(to: store.currentRevision)
        }
        func size() throws -> Int {
            let attributes = try FileManager.default.attributesOfItem(atPath: fixture.file)
            return try #require(attributes[.size] as? NSNumber).intValue
        }
        try await fill()
        try await fill()
        let before = try size()
        for _ in 0..<4 { try await fill() }
        #expect(try size() <= before * 3 / 2)
        #expect(try await store.range(RangeRequest(.all)).count == 16)
        store.close()
    }

    @Test func errorsNameTheFileAndTheWayOut() {
        let file = "/var/lib/apus/store.db"
        let expected: [(StoreError, [String])] = [
            (.diskFull(file: file), [file, "free"]),
            (.corrupt(file: file, detail: "page 7"), [file, "page 7", "backup", ".recover"]),
            (.locked(file: file, holder: "process 7"), [file, "process 7", "stop"]),
            (.newerSchema(file: file, found: 2, supported: 1), [file, "2", "1", "newer"]),
        ]
        for (error, parts) in expected {
            for part in parts { #expect(error.description.contains(part)) }
        }
    }
}

/// Hands on what is logged, as text.
private struct RecordingLogHandler: LogHandler {
    let record: @Sendable (String) -> Void
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.debug

    init(record: @escaping @Sendable (String) -> Void) { self.record = record }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        record("\(event.level) \(event.message) \(event.metadata ?? [:])")
    }
}
