import CLinux
import Glibc
import Linux

/// Signals as events of process 1: they wait until they are asked for.
enum Signals {
    private static var set: sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for number in [SIGCHLD, SIGTERM, SIGINT] { sigaddset(&set, number) }
        return set
    }

    static func block() {
        var set = set
        sigprocmask(SIG_BLOCK, &set, nil)
    }

    /// The next one; nil when none has come within the time.
    static func next(within limit: Duration?) -> Int32? {
        var set = set
        guard let limit else {
            var number: Int32 = 0
            return sigwait(&set, &number) == 0 ? number : nil
        }
        var time = timespec(tv_sec: Int(limit.components.seconds), tv_nsec: Int(limit.components.attoseconds / 1_000_000_000))
        let number = sigtimedwait(&set, nil, &time)
        return number > 0 ? number : nil
    }
}

/// The processes that process 1 has to care for: all whose parents have gone.
enum Children {
    /// Starts a program with the machine's environment, and the console for its output.
    static func start(_ arguments: [String]) throws -> pid_t {
        guard let name = arguments.first, let path = Command.find(name) else {
            throw SystemError("start", arguments.first ?? "", errno: ENOENT)
        }
        let null = open("/dev/null", O_RDONLY | O_CLOEXEC)
        if null < 0 { throw SystemError("open /dev/null") }
        defer { close(null) }
        let argv = arguments.map { strdup($0) } + [nil]
        let envp = MachineEnvironment.variables(terminal: nil).map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in argv + envp { free(pointer) } }
        let pid = apus_spawn(path, argv, envp, null, STDERR_FILENO, STDERR_FILENO, 1)
        if pid < 0 { throw SystemError("start", path, errno: -pid) }
        return pid
    }

    /// Waits for one child, and reaps others that end meanwhile.
    static func end(of pid: pid_t) -> Int {
        while true {
            var status: Int32 = 0
            let ended = waitpid(-1, &status, 0)
            if ended == pid { return status & 0x7F == 0 ? Int(status >> 8) & 0xFF : 128 + Int(status & 0x7F) }
            if ended < 0 && errno != EINTR { return 255 }
        }
    }

    static func reap() {
        while waitpid(-1, nil, WNOHANG) > 0 {}
    }

    /// Waits until there is no other process in the machine.
    static func allGone(within limit: Duration) -> Bool {
        let end = ContinuousClock.now + limit
        while true {
            reap()
            if kill(-1, 0) != 0 && errno == ESRCH { return true }
            let left = ContinuousClock.now.duration(to: end)
            if left <= .zero { return false }
            _ = Signals.next(within: min(left, .milliseconds(50)))
        }
    }
}

/// What programs in a machine are started with.
enum MachineEnvironment {
    static func variables(terminal: String?) -> [String: String] {
        var variables = [
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "USER": "root", "LOGNAME": "root",
            "SHELL": "/bin/bash", "LANG": "C.UTF-8",
        ]
        if let terminal { variables["TERM"] = terminal }
        return variables
    }
}
