import ContainerRuntime
import Glibc
import Linux
import Testing

@Suite struct PauseProgramTests {
    /// In a PID namespace of its own it is the first process, as in a pod, where only signals it asks for reach it.
    @Test(.disabled(if: geteuid() != 0, "needs root"), .timeLimit(.minutes(1)), arguments: [SIGTERM, SIGINT])
    func itReapsOrphansAndEndsWhenAsked(_ signal: Int32) async throws {
        var template = Array("/tmp/apus-pause-XXXXXX".utf8CString)
        let folder = try #require(mkdtemp(&template).map { String(cString: $0) })
        let program = "\(folder)/pause"
        try Files.writeAtomically(program, PauseProgram.bytes(), mode: 0o755)
        // The subshell leaves a child behind when it ends: an orphan that passes to the first process.
        let script = "(sleep 0.05 & echo $! > \(folder)/orphan) && exec \(program)"
        let launcher = try Spawn.daemon(["unshare", "--pid", "--fork", "--mount-proc", "sh", "-c", script], log: "\(folder)/log")
        let pause = try await child(of: launcher, running: program)
        while try Files.readText("/proc/\(pause.pid)/task/\(pause.pid)/children")?.isEmpty == false { try await Task.sleep(for: .milliseconds(5)) }
        #expect(try Files.readText("\(folder)/orphan") != nil)
        #expect(pause.isRunning)
        pause.signal(signal)
        #expect(try await launcher.waitForEnd() == 0)
        #expect(!pause.isRunning)
        try Files.removeTree(folder)
    }

    @Test func itIsSmall() {
        #expect(PauseProgram.bytes().count < 2048)
    }

    /// The launcher's child once it has become the program.
    private func child(of launcher: ProcessHandle, running program: String) async throws -> ProcessHandle {
        while true {
            let text = try Files.readText("/proc/\(launcher.pid)/task/\(launcher.pid)/children") ?? ""
            if let child = Int32(text).flatMap({ ProcessHandle(pid: $0) }), child.commandLine == [program] { return child }
            try #require(launcher.isRunning)
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}
