import ArgumentParser
import Glibc
import Lab
import Linux

struct LabShellCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "shell", abstract: "Open a shell on a machine.")

    @OptionGroup var machine: LabMachineOptions

    func run() async throws {
        await asLabCommand("shell") {
            let shell = ["bash", "--login"]
            Glibc.exit(Int32(clamping: try machine.lab.laboratory().run(shell, on: machine.node, terminal: Environment.value("TERM"))))
        }
    }
}

struct LabExecCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exec", abstract: "Run a command on a machine: apus lab exec NODE -- COMMAND...",
        discussion: "Input, output and exit code are the command's own.")

    @OptionGroup var machine: LabMachineOptions

    @Argument(parsing: .postTerminator, help: "The command, after --.")
    var command: [String] = []

    func run() async throws {
        await asLabCommand("exec") {
            guard !command.isEmpty else { throw LabError("no command was given: apus lab exec \(machine.node) -- COMMAND...") }
            let terminal = isatty(STDIN_FILENO) == 1 ? Environment.value("TERM") : nil
            Glibc.exit(Int32(clamping: try machine.lab.laboratory().run(command, on: machine.node, terminal: terminal)))
        }
    }
}

struct LabStopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "Switch a machine off: all its processes end, its files stay.")

    @OptionGroup var machine: LabMachineOptions

    @Flag(help: "At once, as when the power fails, instead of shutting it down.")
    var force = false

    func run() async throws {
        await asLabCommand("stop") {
            try await machine.lab.laboratory().stop(machine.node, byPower: force)
            Terminal.say("\(machine.node) is off.")
        }
    }
}

struct LabStartCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "start", abstract: "Switch a machine on that was stopped.")

    @OptionGroup var machine: LabMachineOptions

    func run() async throws {
        await asLabCommand("start") {
            let began = ContinuousClock.now
            try await machine.lab.laboratory().start(machine.node)
            Terminal.say("\(machine.node) is up after \(Terminal.seconds(began.duration(to: .now).inSeconds)).")
        }
    }
}

struct LabPartitionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "partition", abstract: "Cut a machine off from the others: nothing gets through, and nobody is told.")

    @OptionGroup var machine: LabMachineOptions

    @Flag(help: "Connect it again.")
    var heal = false

    func run() async throws {
        await asLabCommand("partition") {
            _ = try await machine.lab.laboratory().change(machine.node) { $0.isCut = !heal }
            Terminal.say(heal ? "\(machine.node) is connected." : "\(machine.node) is cut off.")
        }
    }
}

struct LabSlowCommand: AsyncParsableCommand {
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

    func run() async throws {
        await asLabCommand("slow") {
            let slowness = try Slowness(latency: latency, loss: loss, rate: rate)
            let state = try await machine.lab.laboratory().change(machine.node) { $0.slowness = slowness }
            Terminal.say("The cable of \(machine.node): \(state.description.isEmpty ? "as fast as it can be" : state.description).")
        }
    }
}

struct LabDownCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "down", abstract: "Remove a lab: its machines with all that is on them, its network, its files.")

    @OptionGroup var lab: LabOptions

    func run() async throws {
        await asLabCommand("down") {
            let laboratory = try lab.laboratory()
            guard Files.exists(laboratory.folder.path) else { return Terminal.say("There is no lab in \(laboratory.folder.path).") }
            try await laboratory.down()
            Terminal.say("The lab of \(laboratory.folder.path) is stopped and removed.")
        }
    }
}
