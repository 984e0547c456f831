import ArgumentParser
import Linux

/// `apus logs`: what the server (or containerd) has written.
struct LogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "logs", abstract: "Show the cluster's logs.")

    @OptionGroup var data: DataFolderOption

    @Argument(help: "Whose log: apus (all components) or containerd.")
    var component = "apus"

    @Flag(name: [.customShort("f"), .long], help: "Go on showing what is written.")
    var follow = false

    @Option(help: "How many of the last lines to begin with.")
    var tail = 200

    func run() async throws {
        do {
            let folder = try data.folder()
            let path = "\(folder.logs)/\(component).log"
            guard !component.contains("/"), Files.exists(path) else {
                let known = try Files.list(folder.logs).filter { $0.hasSuffix(".log") }.map { $0.dropLast(4) }.joined(separator: ", ")
                throw CommandError("there is no log \(path); logs here: \(known.isEmpty ? "none (no cluster was started here)" : known)")
            }
            let command = ["tail", "-n", "\(max(0, tail))"] + (follow ? ["-F"] : []) + [path]
            try Exec.replace(command)
        } catch {
            Terminal.fail("\(error)")
        }
    }
}
