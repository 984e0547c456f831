import Glibc
import Linux
import Testing

@Suite struct CommandTests {
    @Test func inputGoesInAndBothOutputsComeOut() async throws {
        let input = [UInt8](repeating: 7, count: 300_000)
        let result = try await Command(["sh", "-c", "cat; echo oops >&2"], input: input).run()
        #expect(result.output == input)
        #expect(result.errorText == "oops\n")
    }

    @Test func aProgramThatIgnoresItsInputDoesNotEndUs() async throws {
        let result = try await Command(["true"], input: [UInt8](repeating: 7, count: 300_000)).run()
        #expect(result.exitCode == 0)
    }

    @Test func failuresNameTheProgramAndItsWords() async throws {
        await #expect { try await Command(["sh", "-c", "echo no such thing >&2; exit 3"]).run() } throws: {
            "\($0)" == "sh -c echo no such thing >&2; exit 3 failed with exit code 3: no such thing"
        }
        await #expect { try await Command(["apus-no-such-program"]).run() } throws: { "\($0)".contains("there is no program") }
        #expect(try await Command(["sh", "-c", "kill -9 $$"]).runAnyExit().exitCode == 137)
    }

    @Test func aSlowProgramIsEnded() async throws {
        await #expect { try await Command(["sleep", "100"], timeout: .milliseconds(50)).run() } throws: { "\($0)".contains("no end after") }
    }

    @Test func aProcessIsKnownByItsStart() async throws {
        var template = Array("/tmp/apus-command-XXXXXX".utf8CString)
        let folder = try #require(mkdtemp(&template).map { String(cString: $0) })
        let handle = try Spawn.daemon(["sleep", "100"], log: "\(folder)/log")
        #expect(handle.isRunning)
        #expect(getsid(handle.pid) == handle.pid)
        #expect(ProcessHandle(text: handle.text) == handle)
        #expect(ProcessHandle(text: "\(handle.pid) \(handle.startTicks + 1)\n") == nil)
        async let code = handle.waitForEnd()
        handle.signal(SIGKILL)
        #expect(try await code == 137)
        #expect(!handle.isRunning)
        #expect(ProcessHandle(text: handle.text) == nil)
        try Files.removeTree(folder)
    }

    @Test func aDaemonThatEndsAtOnceStillTellsItsExitCode() async throws {
        var template = Array("/tmp/apus-command-XXXXXX".utf8CString)
        let folder = try #require(mkdtemp(&template).map { String(cString: $0) })
        for _ in 0..<20 {
            let handle = try Spawn.daemon(["false"], log: "\(folder)/log")
            #expect(try await handle.waitForEnd() == 1)
            #expect(!handle.isRunning)
        }
        try Files.removeTree(folder)
    }
}
