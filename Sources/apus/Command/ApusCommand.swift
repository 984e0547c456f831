import ArgumentParser
import Flags
import JSON
import Linux

/// `apus`: a whole cluster on this machine.
struct ApusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apus",
        abstract: "Kubernetes in one program.",
        version: ApusVersion.text,
        subcommands: [
            UpCommand.self, DemoCommand.self, DownCommand.self, StatusCommand.self, LogsCommand.self, CertsCommand.self, BackupCommand.self,
            RestoreCommand.self, ServerCommand.self, HelloCommand.self, LabCommand.self, WireCommand.self,
        ])
}

/// Where the cluster is, for every command that concerns one.
struct DataFolderOption: ParsableArguments {
    @Option(name: .customLong("data-dir"), help: "The folder that holds all of the cluster.")
    var dataDir = DataFolder.standard

    /// - Throws: `CommandError` for a folder that can't be one.
    func folder() throws -> DataFolder {
        var path = dataDir
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        guard path.hasPrefix("/"), path != "/" else {
            throw CommandError("--data-dir \(dataDir) must be an absolute path below /, such as \(DataFolder.standard)")
        }
        return DataFolder(path: path)
    }
}

/// The demo application.
struct HelloCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "hello", abstract: "The demo application: an HTTP server that says hello.")

    @Option(help: "The port to listen on.")
    var port = 8080

    func run() async throws {
        let greeting = Environment.value("GREETING") ?? "Hello"
        let hostname = Environment.value("HOSTNAME") ?? "an unknown pod"
        try await HelloServer(greeting: greeting, hostname: hostname).run(port: port)
    }
}
