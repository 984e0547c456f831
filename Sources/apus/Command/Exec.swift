import Glibc
import Linux

/// Becomes another program.
enum Exec {
    /// Does not return unless the program can't be started.
    static func replace(_ arguments: [String]) throws {
        guard let name = arguments.first, let path = Command.find(name) else {
            throw CommandError("there is no program \(arguments.first ?? "") on this machine")
        }
        var pointers = arguments.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        // Threads that run tasks hold signals back, and a program inherits that: it could not be interrupted.
        var none = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, nil)
        execv(path, &pointers)
        throw CommandError("cannot start \(path): \(String(cString: strerror(errno)))")
    }
}
