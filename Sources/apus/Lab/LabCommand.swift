import ArgumentParser
import Lab

/// `apus lab`: several machines on this one.
struct LabCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lab", abstract: "Several machines on this one, to build clusters of, to cut off, slow down and switch off.",
        subcommands: [
            LabUpCommand.self, LabListCommand.self, LabShellCommand.self, LabExecCommand.self, LabStopCommand.self, LabStartCommand.self,
            LabPartitionCommand.self, LabSlowCommand.self, LabDownCommand.self,
        ])
}

/// Which lab, for every command that concerns one.
struct LabOptions: ParsableArguments {
    @Option(help: "The lab's name.")
    var name = "lab"

    @Option(name: .customLong("data-dir"), help: "The folder that holds all labs.")
    var dataDir = LabFolder.standard

    func laboratory() throws -> Laboratory { Laboratory(try LabFolder(labs: dataDir, name: name)) }
}

/// One machine of a lab.
struct LabMachineOptions: ParsableArguments {
    @OptionGroup var lab: LabOptions

    @Argument(help: "The machine's hostname.")
    var node: String

    func laboratory() throws -> Laboratory { try lab.laboratory() }
}

/// A command about labs: for root only, and it says what went wrong.
protocol LabSubcommand: AsyncParsableCommand {
    func work() async throws
}

extension LabSubcommand {
    func run() async throws {
        do {
            try ServerProcess.requireRoot("lab \(Self.configuration.commandName ?? "")")
            try await work()
        } catch {
            Terminal.fail("\(error)")
        }
    }
}
