import Glibc
import KubernetesClient
import Linux
import Synchronization
import Testing

@testable import Kubelet

private final class Switch: Sendable {
    let isOn = Atomic<Bool>(true)
}

@Suite struct LogTests {
    private static let sample = """
        2024-01-01T00:00:00.000000001Z stdout F one
        2024-01-01T00:00:01.000000000Z stderr F two
        2024-01-01T00:00:02.000000000Z stdout P thr
        2024-01-01T00:00:02.100000000Z stdout F ee
        2024-01-01T00:00:03.000000000Z stdout F four

        """

    private func read(_ text: String = sample, _ change: (inout LogOptions) -> Void) async throws -> String {
        try await withTemporaryFolder { folder in
            let path = folder + "/0.log"
            try Files.write(path, Array(text.utf8))
            var options = LogOptions()
            change(&options)
            let output = Mutex<[UInt8]>([])
            try await LogStreamer(path: path, options: options, time: .system) { false }.stream { bytes in output.withLock { $0 += bytes } }
            return String(decoding: output.withLock { $0 }, as: UTF8.self)
        }
    }

    @Test func wholeLogWithPartialLinesJoined() async throws {
        #expect(try await read { _ in } == "one\ntwo\nthree\nfour\n")
    }

    @Test func options() async throws {
        #expect(try await read { $0.tailLines = 1 } == "four\n")
        #expect(try await read { $0.tailLines = 0 } == "")
        #expect(try await read { $0.tailLines = 100 } == "one\ntwo\nthree\nfour\n")
        #expect(try await read { $0.limitBytes = 6 } == "one\ntw")
        #expect(try await read { $0.since = RFC3339.parse("2024-01-01T00:00:02Z") } == "three\nfour\n")
        #expect(try await read { $0.onlyStream = .stderr } == "two\n")
        let stamped = try await read {
            $0.timestamps = true
            $0.tailLines = 1
        }
        #expect(stamped == "2024-01-01T00:00:03.000000000Z four\n")
    }

    @Test func whatIsNoLogLineIsLeftOut() async throws {
        #expect(try await read("garbage\n2024-01-01T00:00:00Z stdout F ok\n2024 what F no\n") { _ in } == "ok\n")
    }

    @Test func aLastLineWithoutEndIsGivenWhenTheContainerHasEnded() async throws {
        #expect(try await read("2024-01-01T00:00:00Z stdout F tail") { _ in } == "tail\n")
    }

    @Test func followingGoesOnAfterARotation() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/0.log"
            func append(_ text: String) throws {
                let file = open(path, O_WRONLY | O_APPEND | O_CREAT, 0o644)
                defer { close(file) }
                #expect(Files.writeAll(file, Array("2024-01-01T00:00:00Z stdout F \(text)\n".utf8)) == 0)
            }
            try append("one")
            var options = LogOptions()
            options.follow = true
            let running = Switch()
            let (chunks, post) = AsyncStream.makeStream(of: String.self)
            let clock = ManualClock()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { [options] in
                    try await LogStreamer(path: path, options: options, time: clock.timeSource) { running.isOn.load(ordering: .relaxed) }
                        .stream { post.yield(String(decoding: $0, as: UTF8.self)) }
                    post.finish()
                }
                var iterator = chunks.makeAsyncIterator()
                #expect(await iterator.next() == "one\n")
                await clock.waitForSleepers()
                try append("two")
                #expect(rename(path, path + ".1") == 0)
                try append("three")
                clock.advance(by: .seconds(1))
                #expect(await iterator.next() == "two\n")
                #expect(await iterator.next() == "three\n")
                await clock.waitForSleepers()
                running.isOn.store(false, ordering: .relaxed)
                clock.advance(by: .seconds(1))
                #expect(await iterator.next() == nil)
                try await group.waitForAll()
            }
        }
    }

    @Test func theEndOfALogAsLastWords() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/0.log"
            try Files.write(path, Array(Self.sample.utf8))
            #expect(LogTail.text(of: path, lines: 2, bytes: 2048) == "ee\nfour\n")
            #expect(LogTail.text(of: path, lines: 80, bytes: 5) == "four\n")
            #expect(LogTail.text(of: folder + "/none", lines: 80, bytes: 5) == "")
        }
    }

    @Test(
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("2024-02-29T12:00:00Z", 1_709_208_000), ("2024-02-29T12:00:00+02:00", 1_709_200_800),
            ("2000-01-01T00:00:00-00:30", 946_686_600),
        ] as [(String, Int64)])
    func times(text: String, seconds: Int64) {
        #expect(RFC3339.parse(text) == Timestamp(seconds: seconds))
    }

    @Test(arguments: [
        "", "2024", "2024-13-01T00:00:00Z", "2024-01-01T00:00:00", "2024-01-01T00:00:00.Z", "2024-01-01T25:00:00Z", "9999-01-01T00:00:00Zx",
    ])
    func whatIsNoTime(text: String) {
        #expect(RFC3339.parse(text) == nil)
    }
}
