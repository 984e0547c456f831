import CLinux
import Glibc
import Linux

/// A process of ours that was started apart and is yet to say whether it could do what it should.
struct Starting: Sendable {
    let process: ProcessHandle
    /// Our ends of the pipes to its standard input and from its output.
    private let input: Int32
    private let output: Int32

    init(_ arguments: [String], _ apart: Apart, log: String) throws {
        var toChild: [Int32] = [-1, -1]
        var fromChild: [Int32] = [-1, -1]
        var console: Int32 = -1
        defer {
            for descriptor in [toChild[0], fromChild[1], console] where descriptor >= 0 { close(descriptor) }
        }
        do {
            guard apus_pipe(&toChild) == 0, apus_pipe(&fromChild) == 0 else { throw SystemError("start", arguments.first ?? "", errno: EMFILE) }
            console = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o640)
            if console < 0 { throw SystemError("write the log", log) }
            process = try apart.start(
                arguments, environment: MachineEnvironment.variables(terminal: nil), input: toChild[0], output: fromChild[1], errors: console)
        } catch {
            for descriptor in [toChild[1], fromChild[0]] where descriptor >= 0 { close(descriptor) }
            throw error
        }
        input = toChild[1]
        output = fromChild[0]
    }

    /// Lets it go on, or end without having done anything, and returns what it says. To be called once.
    func answer(goingAhead: Bool) async throws -> BootDialogue.Answer {
        if goingAhead { _ = Files.writeAll(input, Array(BootDialogue.goAhead.utf8)) }
        close(input)
        defer { close(output) }
        let answer: BootDialogue.Answer = try await withCheckedThrowingContinuation { continuation in
            let failure = Threads.start("lab-start") { continuation.resume(returning: BootDialogue.answer(output)) }
            if let failure { continuation.resume(throwing: failure) }
        }
        // Reaped, so that it does not stay behind as long as we run.
        if answer != .up { _ = try? await process.waitForEnd() }
        return answer
    }
}
