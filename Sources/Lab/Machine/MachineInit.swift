import CLinux
import Glibc
import Linux

/// Process 1 of a machine: mounts what it has, starts its services by their scripts, reaps, and shuts it down.
///
/// It is one thread that waits for signals, since nothing may start a thread between it and its namespaces. Whoever started it talks to it over
/// its standard input and output, see ``BootDialogue``.
package enum MachineInit {
    /// The first argument of a process that is one.
    package static let argument = "lab-init"

    /// - Parameter arguments: the lab's folder and the machine's hostname.
    package static func run(_ arguments: [String]) -> Never {
        signal(SIGPIPE, SIG_IGN)
        Signals.block()
        do {
            guard arguments.count == 2 else { throw LabError("it is started by apus lab alone") }
            try start(LabFolder(path: arguments[0]), hostname: arguments[1])
        } catch {
            BootDialogue.tell(.failed("\(error)"))
            exit(1)
        }
    }

    private static func start(_ lab: LabFolder, hostname: String) throws -> Never {
        let machine = try lab.plan().machine(hostname)
        try RootFileSystem(folder: lab.machine(machine), machine: machine, hierarchies: try CgroupHierarchy.all()).enter()
        // As it was written there last: a new name holds from the next start on.
        let name = try Files.readText("/etc/hostname").flatMap { $0.isEmpty ? nil : $0 } ?? machine.hostname
        guard sethostname(name, name.utf8.count) == 0 else { throw SystemError("set the hostname", name) }
        // The cable is plugged in from outside; who should do it may have gone.
        guard BootDialogue.mayGoOn() else { exit(1) }
        try boot()
        BootDialogue.tell(.up)
        BootDialogue.end()
        while true {
            let received = Signals.next(within: nil)
            Children.reap()
            if received == SIGTERM || received == SIGINT { shutDown() }
        }
    }

    /// Applies the machine's settings and starts its services, in the order of their links.
    private static func boot() throws {
        perform(["sysctl", "--system", "--quiet", "--ignore"])
        let failure = apus_record_runlevel(CChar(UInt8(ascii: "2")))
        if failure < 0 { BootDialogue.console(SystemError("record the runlevel", errno: -failure).description) }
        for script in try scripts("/etc/rcS.d", "S") + scripts("/etc/rc2.d", "S") { perform([script, "start"]) }
    }

    /// Ends the services, then everybody, then itself and with it the machine.
    private static func shutDown() -> Never {
        for script in (try? scripts("/etc/rc0.d", "K")) ?? [] { perform([script, "stop"]) }
        kill(-1, SIGTERM)
        if !Children.allGone(within: .seconds(3)) { kill(-1, SIGKILL) }
        exit(0)
    }

    private static func scripts(_ folder: String, _ letter: String) throws -> [String] {
        try Files.list(folder).filter { $0.hasPrefix(letter) }.map { "\(folder)/\($0)" }.filter { access($0, X_OK) == 0 }
    }

    /// Runs a program to its end; what it says goes to the console. One that fails is told of there and holds up nobody.
    private static func perform(_ arguments: [String]) {
        let code: Int
        do {
            code = Children.end(of: try Children.start(arguments))
        } catch {
            return BootDialogue.console("\(error)")
        }
        if code != 0 { BootDialogue.console("\(arguments.joined(separator: " ")) ended with exit code \(code)") }
    }
}
