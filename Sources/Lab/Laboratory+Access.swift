import Glibc
import Linux

extension Laboratory {
    /// How a machine is just now.
    package struct Condition: Sendable {
        package var machine: MachinePlan
        package var isRunning: Bool
        package var link: LinkState
    }

    package func conditions() throws -> [Condition] {
        let network = LabSwitch(folder)
        return try folder.plan().machines.map { machine in
            Condition(
                machine: machine, isRunning: folder.machine(machine).running != nil, link: network?.state(of: machine) ?? LinkState())
        }
    }

    /// Runs a program in a machine with our own standard input, output and error, and waits for it on the calling thread.
    ///
    /// - Parameter terminal: what kind of terminal it has, if it has one.
    /// - Returns: its exit code; 128 + signal for a killed program, 127 when the machine has none of that name.
    package func run(_ arguments: [String], on hostname: String, terminal: String?) throws -> Int {
        let machine = try folder.plan().machine(hostname)
        guard let process = folder.machine(machine).running else {
            throw LabError("\(machine.hostname) does not run: apus lab start \(machine.hostname)")
        }
        let cgroups = try CgroupHierarchy.all().map { hierarchy in
            let own = hierarchy.path + folder.cgroup(of: machine)
            // On version 2 the machine's root holds no processes itself.
            return hierarchy.isVersion2 && Files.isDirectory("\(own)/init") ? "\(own)/init" : own
        }
        return try Apart.run(
            arguments, environment: MachineEnvironment.variables(terminal: terminal), inside: process, cgroups: cgroups)
    }
}
