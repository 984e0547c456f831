package import Flags
import Glibc
import Linux
import Logging

/// From a command line to a running component: help, version, configuration file, logging, errors.
package enum ComponentMain {
    /// Runs the component and ends the process.
    package static func run(_ component: any Component.Type, arguments: [String]) async -> Never {
        let program = component.table.program
        do {
            let flags = try read(component, arguments)
            if flags.wantsHelp {
                say(HelpText.of(component.table), to: STDOUT_FILENO)
                exit(0)
            }
            if let form = flags.wantedVersion {
                say(form == "raw" ? "\(ApusVersion.kubernetes)\n" : "Kubernetes \(ApusVersion.kubernetes)\n", to: STDOUT_FILENO)
                exit(0)
            }
            startLogging(flags)
            let logger = Logger(label: program)
            logger.info("starting", metadata: ["version": "\(ApusVersion.kubernetes)"])
            for note in flags.notes { logger.info("\(note)") }
            try await component.run(flags)
            logger.info("stopped")
            exit(0)
        } catch let problem as FlagProblem {
            say("Error: \(problem)\nSee '\(program) --help' for the flags.\n", to: STDERR_FILENO)
            exit(1)
        } catch {
            say("\(program): \(error)\n", to: STDERR_FILENO)
            exit(1)
        }
    }

    /// The settings of a command line and of the file that it names with `--config`.
    ///
    /// - Throws: `FlagProblem`.
    package static func read(_ component: any Component.Type, _ arguments: [String]) throws -> FlagValues {
        var flags = try FlagValues(component.table, arguments: arguments)
        if flags.wantsHelp || flags.wantedVersion != nil { return flags }
        if let kind = component.configurationKind, let path = flags.text("config") {
            guard let bytes = try Files.read(path) else { throw FlagProblem("--config \(path): there is no such file") }
            let file = ConfigurationFile(path: path, apiVersion: kind.apiVersion, kind: kind.kind)
            try flags.read(file, text: String(decoding: bytes, as: UTF8.self))
        }
        return flags
    }

    private static func startLogging(_ flags: FlagValues) {
        let verbosity = max(flags.int("v"), flags.int("logging.verbosity"))
        let level: Logger.Level = verbosity >= 6 ? .trace : verbosity >= 4 ? .debug : .info
        LoggingSystem.bootstrap { PlainLogHandler(level: level, label: $0) }
    }

    private static func say(_ text: String, to descriptor: Int32) {
        _ = Files.writeAll(descriptor, Array(text.utf8))
    }
}
