import Flags
import Glibc
import Linux
import Logging

/// `kubeadm`: builds and takes apart clusters the documented way.
package enum KubeadmMain {
    /// Runs the command line and ends the process.
    package static func run(_ arguments: [String]) async -> Never {
        // Libraries below say little of use to who builds a cluster; what happens is told phase by phase.
        LoggingSystem.bootstrap { SilentLogHandler(label: $0) }
        do {
            try await command(arguments)
            exit(0)
        } catch let problem as FlagProblem {
            Say.error("\(problem)\nTo see the stack of commands and flags: kubeadm --help")
            exit(1)
        } catch {
            Say.error("error execution phase: \(error)")
            exit(1)
        }
    }

    private static func command(_ arguments: [String]) async throws {
        let commands: [any KubeadmCommand.Type] = [
            InitCommand.self, JoinCommand.self, TokenCommand.self, CertsCommand.self, KubeconfigCommand.self, ConfigCommand.self, EtcdCommand.self,
            UpgradeCommand.self, ReaddressCommand.self, ResetCommand.self,
        ]
        var rest = arguments[...]
        let name = rest.popFirst() ?? "--help"
        switch name {
        case "version", "--version": Say.line("kubeadm version: \(ApusVersion.kubernetes)")
        case "-h", "--help", "help":
            Say.line("kubeadm builds a cluster on machines with Linux and a container runtime.\n\nCommands:")
            let rows = commands.map { ["  \($0.name)", $0.summary] } + [["  version", "Say which version this is"]]
            for line in Columns.text(rows) { Say.line(line) }
            Say.line("\nkubeadm COMMAND --help tells of each.")
        default:
            guard let command = commands.first(where: { $0.name == name }) else {
                throw FlagProblem("unknown command \"\(name)\" for \"kubeadm\"")
            }
            try await command.run(Array(rest))
        }
    }
}

/// One of kubeadm's commands.
protocol KubeadmCommand {
    static var name: String { get }
    static var summary: String { get }
    static func run(_ arguments: [String]) async throws
}

/// What is told to the person at the terminal.
enum Say {
    static func line(_ text: String) {
        _ = Files.writeAll(STDOUT_FILENO, Array((text + "\n").utf8))
    }

    static func error(_ text: String) {
        _ = Files.writeAll(STDERR_FILENO, Array((text + "\n").utf8))
    }
}

/// Why a phase did not come to its end, in words for the person who builds the cluster.
package struct KubeadmError: Error, CustomStringConvertible {
    package var description: String

    init(_ description: String) {
        self.description = description
    }
}

private struct SilentLogHandler: LogHandler {
    var logLevel: Logger.Level = .critical
    var metadata: Logger.Metadata = [:]

    init(label: String) {}

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {}
}
