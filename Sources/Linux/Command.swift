import CLinux
import Glibc

/// Runs other programs. Their arguments are passed as they are, never through a shell.
package struct Command: Sendable {
    /// The program's name or path, and its arguments.
    package var arguments: [String]
    package var input: [UInt8] = []
    package var timeout: Duration = .seconds(60)
    /// Variables set beside our own environment.
    package var environment: [String: String] = [:]
    /// When set, the program runs in the network namespace at this path (such as `/run/netns/x`).
    package var networkNamespace: String?

    package init(
        _ arguments: [String], input: [UInt8] = [], timeout: Duration = .seconds(60), environment: [String: String] = [:],
        networkNamespace: String? = nil
    ) {
        self.arguments = arguments
        self.input = input
        self.timeout = timeout
        self.environment = environment
        self.networkNamespace = networkNamespace
    }

    package struct Result: Sendable {
        /// 128 + the signal's number for a killed program.
        package var exitCode: Int
        package var output: [UInt8]
        package var errors: [UInt8]
        package var outputText: String { String(decoding: output, as: UTF8.self) }
        package var errorText: String { String(decoding: errors, as: UTF8.self) }
    }

    package struct Failure: Error, CustomStringConvertible {
        package var command: String
        /// Nil when the program could not be started or was too slow.
        package var exitCode: Int?
        /// What the program wrote to its standard error, or why it did not run.
        package var message: String

        package init(command: String, exitCode: Int? = nil, message: String) {
            self.command = command
            self.exitCode = exitCode
            self.message = message
        }

        package var description: String {
            "\(command) failed\(exitCode.map { " with exit code \($0)" } ?? ""): \(message)"
        }
    }

    /// Bytes of output kept of each stream.
    static let outputBytesMax = 64 << 20

    /// Runs the program to its end on a thread of its own; throws ``Failure`` unless it exits with 0.
    @discardableResult
    package func run() async throws -> Result {
        let result = try await runAnyExit()
        if result.exitCode != 0 { throw failure(result) }
        return result
    }

    /// As ``run()``, with every exit code an answer.
    package func runAnyExit() async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            let failure = Threads.start("command") {
                continuation.resume(with: Swift.Result { try self.runBlocking() })
            }
            if let failure { continuation.resume(throwing: failure) }
        }
    }

    /// As ``runAnyExit()``, on the calling thread.
    package func runBlocking() throws(Failure) -> Result {
        let path = try executable()
        var inPipe: [Int32] = [-1, -1]
        var outPipe: [Int32] = [-1, -1]
        var errPipe: [Int32] = [-1, -1]
        func closeAll() {
            for fd in inPipe + outPipe + errPipe where fd >= 0 { close(fd) }
        }
        guard apus_pipe(&inPipe) == 0, apus_pipe(&outPipe) == 0, apus_pipe(&errPipe) == 0 else {
            closeAll()
            throw Failure(command: name, message: "no more files can be opened")
        }
        let pid = Spawn.start(
            path, arguments, environment: environment, input: inPipe[0], output: outPipe[1], errors: errPipe[1], newSession: false,
            networkNamespace: networkNamespace)
        guard pid > 0 else {
            closeAll()
            throw Failure(command: name, message: SystemError("start \(path)", errno: -pid).description)
        }
        close(inPipe[0])
        close(outPipe[1])
        close(errPipe[1])
        var out: UnsafeMutablePointer<UInt8>?
        var err: UnsafeMutablePointer<UInt8>?
        var outCount = 0
        var errCount = 0
        let pumped = apus_pump(
            inPipe[1], input, input.count, outPipe[0], errPipe[0], timeout.wholeMilliseconds, Self.outputBytesMax, &out, &outCount, &err,
            &errCount)
        defer {
            free(out)
            free(err)
        }
        var exitCode: Int32 = 0
        if pumped != 0 { kill(pid, SIGKILL) }
        waitForEnd(pid, &exitCode)
        if pumped == -ETIMEDOUT { throw Failure(command: name, message: "no end after \(timeout)") }
        if pumped != 0 { throw Failure(command: name, message: SystemError("talk to it", errno: -pumped).description) }
        return Result(
            exitCode: Int(exitCode), output: Array(UnsafeBufferPointer(start: out, count: outCount)),
            errors: Array(UnsafeBufferPointer(start: err, count: errCount)))
    }

    private var name: String { arguments.prefix(3).joined(separator: " ") }

    private func executable() throws(Failure) -> String {
        guard let first = arguments.first else { throw Failure(command: "", message: "no program given") }
        guard let path = Self.find(first) else {
            throw Failure(command: first, message: "there is no program \(first) on this machine")
        }
        return path
    }

    private func failure(_ result: Result) -> Failure {
        var text = result.errorText
        if text.isEmpty { text = result.outputText }
        while text.last?.isWhitespace == true { text.removeLast() }
        return Failure(command: name, exitCode: result.exitCode, message: text)
    }

    private func waitForEnd(_ pid: Int32, _ exitCode: inout Int32) {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
        exitCode = status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
    }

    /// The path of a program: as given when it has a slash, else from `PATH` and then the system folders, which a bare `PATH` may lack.
    package static func find(_ name: String) -> String? {
        if name.contains("/") { return access(name, X_OK) == 0 ? name : nil }
        let path = getenv("PATH").map { String(cString: $0) } ?? ""
        let folders = path.split(separator: ":").map(String.init) + ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
        return folders.map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 && !Files.isDirectory($0) }
    }
}

extension Duration {
    /// Rounded up; as much as an Int32 holds.
    package var wholeMilliseconds: Int32 {
        let (seconds, attoseconds) = components
        let milliseconds = seconds.multipliedReportingOverflow(by: 1000)
        if milliseconds.overflow || milliseconds.partialValue > Int64(Int32.max) - 1000 { return Int32.max }
        return Int32(clamping: milliseconds.partialValue + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}
