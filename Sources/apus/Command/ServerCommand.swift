import ArgumentParser
import Components
import Linux
import Logging

/// `apus server`: everything in the foreground.
struct ServerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "server", abstract: "Run API server, scheduler, controllers, kubelet, service proxy, DNS and pod network in this process.")

    @OptionGroup var data: DataFolderOption
    @OptionGroup var options: ClusterOptions

    @Option(name: .customLong("log-level"), help: "The least severe messages to log: debug, info, notice, warning or error.")
    var logLevel = "info"

    func run() async throws {
        do {
            guard let level = Logger.Level(rawValue: logLevel) else {
                throw CommandError("--log-level \(logLevel) is unknown: use debug, info, notice, warning or error")
            }
            LoggingSystem.bootstrap { PlainLogHandler(level: level, label: $0) }
            let folder = try data.folder()
            try ServerProcess.requireRoot("server")
            if let other = ServerProcess.current(folder) {
                throw CommandError("a server of \(folder.path) already runs as process \(other.pid); stop it with apus down")
            }
            try await ClusterServer(configuration: try ServerConfiguration(options, folder: folder)).run()
        } catch {
            Terminal.fail("\(error)")
        }
    }
}
