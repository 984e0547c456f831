import CLinux
import Glibc

/// Starts programs.
package enum Spawn {
    /// Returns the process id, or a negative errno. The descriptors stay open here.
    static func start(
        _ path: String, _ arguments: [String], environment: [String: String], input: Int32, output: Int32, errors: Int32, newSession: Bool,
        networkNamespace: String? = nil
    ) -> Int32 {
        var variables: [String] = []
        var entry = environ
        while let pointer = entry.pointee {
            let text = String(cString: pointer)
            if environment[String(text.prefix { $0 != "=" })] == nil { variables.append(text) }
            entry += 1
        }
        variables += environment.map { "\($0.key)=\($0.value)" }
        let argv = arguments.map { strdup($0) } + [nil]
        let envp = variables.map { strdup($0) } + [nil]
        defer {
            for pointer in argv + envp { free(pointer) }
        }
        guard let networkNamespace else { return apus_spawn(path, argv, envp, input, output, errors, newSession ? 1 : 0) }
        // A child inherits the namespaces of the thread that starts it: a thread made for this enters first and ends after.
        let result = SpawnedPID()
        let arguments = CStrings(argv: argv, envp: envp)
        let failure = Threads.runAndWait("spawn") {
            let entered = apus_enter_netns(networkNamespace)
            result.value = entered < 0 ? entered : apus_spawn(path, arguments.argv, arguments.envp, input, output, errors, newSession ? 1 : 0)
        }
        return failure.map { -$0.errno } ?? result.value
    }

    /// Starts a program that lives on when we end: in a session of its own, with nothing on its input and its output appended to a file.
    package static func daemon(
        _ arguments: [String], environment: [String: String] = [:], log: String, networkNamespace: String? = nil
    ) throws -> ProcessHandle {
        guard let name = arguments.first, let path = Command.find(name) else {
            throw Command.Failure(command: arguments.first ?? "", message: "there is no program \(arguments.first ?? "") on this machine")
        }
        let null = open("/dev/null", O_RDONLY | O_CLOEXEC)
        if null < 0 { throw SystemError("open /dev/null", errno: errno) }
        defer { close(null) }
        let file = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o640)
        if file < 0 { throw SystemError("write the log \(log)", errno: errno) }
        defer { close(file) }
        let pid = start(
            path, arguments, environment: environment, input: null, output: file, errors: file, newSession: true,
            networkNamespace: networkNamespace)
        if pid < 0 { throw SystemError("start \(path)", errno: -pid) }
        guard let handle = ProcessHandle(child: pid) else { throw SystemError("start \(path)", errno: ESRCH) }
        return handle
    }
}

/// Written by one thread and read after that thread has been joined.
private final class SpawnedPID: @unchecked Sendable {
    var value: Int32 = 0
}

/// Read by one thread while its owner waits for that thread to end.
private struct CStrings: @unchecked Sendable {
    var argv: [UnsafeMutablePointer<CChar>?]
    var envp: [UnsafeMutablePointer<CChar>?]
}
