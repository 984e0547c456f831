import CLinux
import Glibc

/// Starts programs in namespaces and cgroups other than ours.
package struct Apart: Sendable {
    /// Mount, UTS, IPC and PID namespaces of its own: the program is process 1 of a machine.
    package var newMachine = false
    package var newNetwork = false
    /// The program's cgroups are the roots of what it sees.
    package var newCgroupRoot = false
    /// The path of a network namespace to run in (such as `/proc/1/ns/net`); nil for ours, or a new one.
    package var networkNamespace: String?
    /// The folders of the cgroups to run in, one for each hierarchy.
    package var cgroups: [String] = []

    package init() {}

    /// Starts a program that lives on when we end, as the leader of a session of its own.
    ///
    /// - Parameter environment: all variables that it gets.
    /// - Throws: `SystemError`.
    package func start(
        _ arguments: [String], environment: [String: String] = [:], input: Int32, output: Int32, errors: Int32
    ) throws -> ProcessHandle {
        var network: Int32 = -1
        if let networkNamespace {
            network = open(networkNamespace, O_RDONLY | O_CLOEXEC)
            if network < 0 { throw SystemError("open the network namespace", networkNamespace) }
        }
        defer { if network >= 0 { close(network) } }
        let pid = CStringList.with(cgroups.map { "\($0)/cgroup.procs" }, arguments, environment.map { "\($0.key)=\($0.value)" }) { lists in
            lists[0].withMemoryRebound(to: UnsafePointer<CChar>?.self, capacity: cgroups.count + 1) { procs in
                var apart = apus_apart(
                    new_machine: newMachine ? 1 : 0, new_network: newNetwork ? 1 : 0, new_cgroup_root: newCgroupRoot ? 1 : 0, network_fd: network,
                    cgroups: procs, in_fd: input, out_fd: output, err_fd: errors)
                return apus_spawn_apart(&apart, lists[1], lists[2])
            }
        }
        if pid < 0 { throw SystemError("start", arguments.first ?? "", errno: -pid) }
        guard let handle = ProcessHandle(child: pid) else { throw SystemError("start", arguments.first ?? "", errno: ESRCH) }
        return handle
    }

    /// Runs a program in all namespaces of another process with our own standard input, output and error, and waits for its end on the calling
    /// thread. This process ignores interrupts from the terminal from then on.
    ///
    /// - Returns: its exit code; 128 + signal for a killed program.
    /// - Throws: `SystemError` when the process has gone or its namespaces can't be entered.
    package static func run(_ arguments: [String], environment: [String: String], inside machine: ProcessHandle, cgroups: [String]) throws -> Int {
        let code = CStringList.with(cgroups.map { "\($0)/cgroup.procs" }, arguments, environment.map { "\($0.key)=\($0.value)" }) { lists in
            lists[0].withMemoryRebound(to: UnsafePointer<CChar>?.self, capacity: cgroups.count + 1) { procs in
                apus_run_inside(machine.pid, procs, lists[1], lists[2])
            }
        }
        if code < 0 { throw SystemError("reach process", "\(machine.pid)", errno: -code) }
        if code == APUS_NOT_ENTERED && !machine.isRunning { throw SystemError("enter the namespaces of process", "\(machine.pid)", errno: ESRCH) }
        return Int(code)
    }
}

/// Lists of C strings, each ended by a null pointer, for the length of one call.
private enum CStringList {
    typealias Pointers = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

    static func with<Result>(_ lists: [String]..., body: ([Pointers]) -> Result) -> Result {
        let pointers = lists.map { list in
            let pointers = Pointers.allocate(capacity: list.count + 1)
            for (index, text) in list.enumerated() { (pointers + index).initialize(to: strdup(text)) }
            (pointers + list.count).initialize(to: nil)
            return pointers
        }
        defer {
            for (list, pointers) in zip(lists, pointers) {
                for index in list.indices { free(pointers[index]) }
                pointers.deallocate()
            }
        }
        return body(pointers)
    }
}
