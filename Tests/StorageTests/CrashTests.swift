import Foundation
import Logging
import Storage
import Testing

/// A writer killed at random moments, a hundred times, on one store: whatever it was told to be done is done, and the store is whole.
@Suite struct CrashTests {
    /// What was acknowledged about a key.
    private struct Acknowledged {
        var serial: Int64
        var revision: Int64
        var isDeletion: Bool
    }

    /// How the writer comes to its end.
    enum Kill: Sendable, CustomTestStringConvertible {
        /// From outside, after so many things that it has said.
        case anywhere
        /// By itself, at a place of the store's work.
        case at(StorePoint)

        static let all = [Kill.anywhere] + StorePoint.allCases.map(Kill.at)

        var testDescription: String {
            switch self {
            case .anywhere: "anywhere"
            case .at(let point): point.rawValue
            }
        }

        var rounds: Int { if case .anywhere = self { 100 } else { 25 } }
        /// A backup comes to its place for each of its entries, and some are to be whole.
        var passesMax: Int {
            switch self {
            case .anywhere: 150
            case .at(.snapshot): 600
            case .at: 40
            }
        }
    }

    @Test(arguments: Kill.all)
    func everyAcknowledgedWriteSurvivesTheKill(_ kill: Kill) async throws {
        let fixture = try await StoreFixture(.sqlite)
        let seed = SeededRandom.seed()
        var random = SeededRandom(seed: seed)
        var acknowledged: [String: Acknowledged] = [:]
        var revisions = Set<Int64>()
        var newest: Int64 = 0
        var serial: Int64 = 1

        for round in 0..<kill.rounds {
            let lines = try await Self.runAndKill(
                file: fixture.file, firstSerial: serial, kill, passes: Int.random(in: 0..<kill.passesMax, using: &random))
            for line in lines {
                let words = line.split(separator: " ")
                if words.first == "open", words.count == 2 {
                    let opened = try #require(Int64(words[1]))
                    #expect(opened >= newest, "revision went back in round \(round), seed \(seed)")
                    newest = opened
                } else {
                    try #require(words.count == 4)
                    let revision = try #require(Int64(words[3]))
                    let done = Acknowledged(serial: try #require(Int64(words[2])), revision: revision, isDeletion: words[0] == "delete")
                    // A deletion that finds nothing reports the newest revision, which is another's.
                    if !done.isDeletion {
                        #expect(revisions.insert(revision).inserted, "revision \(revision) given out twice in round \(round), seed \(seed)")
                    }
                    serial = max(serial, done.serial + 1)
                    newest = max(newest, revision)
                    let key = String(words[1])
                    if done.revision >= acknowledged[key]?.revision ?? 0 { acknowledged[key] = done }
                }
            }
            // Numbers may have been used by writes that were never acknowledged.
            serial += 1000
            try await Self.check(fixture, acknowledged, newest: newest, context: "round \(round), seed \(seed)")
        }
        #expect(revisions.count > 2 * kill.rounds, "hardly anything was written; the test tells nothing")
        try Self.checkBackups(fixture, "seed \(seed)")
    }

    private static func check(
        _ fixture: StoreFixture, _ acknowledged: [String: Acknowledged], newest: Int64, context: String
    ) async throws {
        let store = try await fixture.open()
        defer { store.close() }
        #expect(store.currentRevision >= newest, "\(context)")
        let range = try await store.range(RangeRequest(.all))
        let stored = Dictionary(uniqueKeysWithValues: range.keyValues.map { ($0.key, $0) })
        for (key, done) in acknowledged {
            if let found = stored[key] {
                // What was not acknowledged any more may have been written after it.
                #expect(found.modRevision >= done.revision || done.isDeletion, "\(key) lost revision \(done.revision), \(context)")
                if found.modRevision == done.revision, !done.isDeletion {
                    let serial = String(decoding: found.value, as: UTF8.self).split(separator: " ").first.map(String.init)
                    #expect(serial == "\(done.serial)", "\(key), \(context)")
                }
            } else if !done.isDeletion {
                // Gone only if a later deletion was on its way.
                let past = try await store.range(RangeRequest(KeyRange(key: key), revision: max(store.compactedRevision, done.revision)))
                let deletedLater = store.currentRevision > done.revision && (past.count == 1 || store.compactedRevision > done.revision)
                #expect(deletedLater, "\(key) lost revision \(done.revision), \(context)")
            }
        }
        // The history leads from the oldest state that can be read to the newest one.
        var state = try await store.range(RangeRequest(.all, revision: store.compactedRevision)).keyValues
            .reduce(into: [String: KeyValue]()) { $0[$1.key] = $1 }
        let (recorder, _) = try store.record(from: store.compactedRevision)
        await recorder.wait(for: store.currentRevision)
        for event in recorder.events {
            switch event {
            case .put(let keyValue):
                state[keyValue.key] = keyValue
            case .delete(let last, _):
                #expect(state[last.key] == last, "\(context)")
                state[last.key] = nil
            }
        }
        #expect(state == stored, "\(context)")
        #expect(recorder.violations == [], "\(context)")
    }

    /// Backups have their names when they are whole.
    private static func checkBackups(_ fixture: StoreFixture, _ context: String) throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: fixture.folder.path) where name.hasSuffix(".backup") {
            #expect(throws: Never.self, "\(name), \(context)") {
                _ = try BackupReader.check(fixture.folder.appendingPathComponent(name).path)
            }
        }
    }

    /// Lets the writer run until it has said so many things, kills it, and returns all that it said.
    private static func runAndKill(file: String, firstSerial: Int64, _ kill: Kill, passes: Int) async throws -> [String] {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(
                    with: Result { try runAndKillBlocking(file: file, firstSerial: firstSerial, kill, passes: passes) })
            }
        }
    }

    private static func runAndKillBlocking(file: String, firstSerial: Int64, _ end: Kill, passes: Int) throws -> [String] {
        let process = Process()
        // The tools are built beside the tests.
        let tests = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        process.executableURL = tests.appendingPathComponent("store-writer")
        process.arguments = [file, "\(firstSerial)"]
        if case .at(let point) = end { process.arguments? += ["--kill-at", point.rawValue, "--passing", "\(passes)"] }
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        var bytes: [UInt8] = []
        var lines = 0
        var isKilled = false
        while true {
            let chunk = output.fileHandleForReading.availableData
            if chunk.isEmpty { break }
            bytes += chunk
            lines += chunk.count { $0 == UInt8(ascii: "\n") }
            // The first line says that the store is open.
            if case .anywhere = end, !isKilled, lines > passes {
                kill(process.processIdentifier, SIGKILL)
                isKilled = true
            }
        }
        process.waitUntilExit()
        if case .at = end { isKilled = process.terminationReason == .uncaughtSignal && process.terminationStatus == SIGKILL }
        guard isKilled else { throw CocoaError(.executableLoad, userInfo: ["output": String(decoding: bytes, as: UTF8.self)]) }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }
}
