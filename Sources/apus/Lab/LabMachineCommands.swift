import ArgumentParser
import Glibc
import KubernetesClient
import Lab
import Linux

struct LabShellCommand: LabSubcommand {
    static let configuration = CommandConfiguration(commandName: "shell", abstract: "Open a shell on a machine.")

    @OptionGroup var machine: LabMachineOptions

    func work() async throws {
        let shell = ["bash", "--login"]
        Glibc.exit(Int32(clamping: try machine.laboratory().run(shell, on: machine.node, terminal: Environment.value("TERM"))))
    }
}

struct LabExecCommand: LabSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "exec", abstract: "Run a command on a machine: apus lab exec NODE -- COMMAND...",
        discussion: "Input, output and exit code are the command's own.")

    @OptionGroup var machine: LabMachineOptions

    @Argument(parsing: .postTerminator, help: "The command, after --.")
    var command: [String] = []

    func work() async throws {
        guard !command.isEmpty else { throw LabError("no command was given: apus lab exec \(machine.node) -- COMMAND...") }
        let terminal = isatty(STDIN_FILENO) == 1 ? Environment.value("TERM") : nil
        Glibc.exit(Int32(clamping: try machine.laboratory().run(command, on: machine.node, terminal: terminal)))
    }
}

struct LabStopCommand: LabSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "Switch a machine off: all its processes end, its files stay.")

    @OptionGroup var machine: LabMachineOptions

    @Flag(help: "At once, as when the power fails, instead of shutting it down.")
    var force = false

    func work() async throws {
        try await machine.laboratory().stop(machine.node, byPower: force)
        Terminal.say("\(machine.node) is off.")
    }
}

struct LabStartCommand: LabSubcommand {
    static let configuration = CommandConfiguration(commandName: "start", abstract: "Switch a machine on that was stopped.")

    @OptionGroup var machine: LabMachineOptions

    func work() async throws {
        let began = ContinuousClock.now
        try await machine.laboratory().start(machine.node)
        Terminal.say("\(machine.node) is up after \(Terminal.seconds(began.duration(to: .now).secondsValue)).")
    }
}

struct LabPartitionCommand: LabSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "partition", abstract: "Cut a machine off from the others: nothing gets through, and nobody is told.")

    @OptionGroup var machine: LabMachineOptions

    @Flag(help: "Connect it again.")
    var heal = false

    func work() async throws {
        _ = try await machine.laboratory().change(machine.node) { $0.isCut = !heal }
        Terminal.say(heal ? "\(machine.node) is connected." : "\(machine.node) is cut off.")
    }
}

struct LabSlowCommand: LabSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "slow", abstract: "Slow a machine's cable down; without options it is as fast as before.",
        discussion: "Each holds for both directions: an answer takes twice the latency.")

    @OptionGroup var machine: LabMachineOptions

    @Option(help: "How long a frame is under way, such as 20ms.")
    var latency: String?

    @Option(help: "The share of frames that get lost, such as 5%.")
    var loss: String?

    @Option(help: "How many bits get through in a second, such as 1mbit.")
    var rate: String?

    func work() async throws {
        let slowness = try Slowness(latency: latency, loss: loss, rate: rate)
        let state = try await machine.laboratory().change(machine.node) { $0.slowness = slowness }
        Terminal.say("The cable of \(machine.node): \(state.description.isEmpty ? "as fast as it can be" : state.description).")
    }
}

struct LabDownCommand: LabSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "down", abstract: "Remove a lab: its machines with all that is on them, its network, its files.")

    @OptionGroup var lab: LabOptions

    func work() async throws {
        let laboratory = try lab.laboratory()
        guard Files.exists(laboratory.folder.path) else { return Terminal.say("There is no lab in \(laboratory.folder.path).") }
        try await laboratory.down()
        Terminal.say("The lab of \(laboratory.folder.path) is stopped and removed.")
    }
}
