import ArgumentParser
import Glibc
import JSON
import Linux

/// `apus up`: starts the cluster in the background and returns when its node is ready.
struct UpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "up", abstract: "Start a cluster on this machine.")
    /// Longer than any start takes that will still succeed.
    static let timeout = Duration.seconds(180)

    @OptionGroup var data: DataFolderOption
    @OptionGroup var options: ClusterOptions

    func run() async throws {
        do {
            try ServerProcess.requireRoot("up")
            let folder = try data.folder()
            if ServerProcess.current(folder) != nil {
                Terminal.say("A cluster already runs from \(folder.path).")
                return try await StatusCommand.report(folder)
            }
            // Without room nothing could even be written down about the start, so these are looked at here as well.
            _ = try ServerConfiguration(options, folder: folder)
            if let problem = Preflight.diskProblem(folder.path) { throw CommandError("cannot start:\n  \(problem)") }
            try Files.makeDirectory(folder.path)
            try Files.makeDirectory(folder.logs)
            try Files.makeDirectory(folder.run)
            try Files.writeAtomically(folder.progress, [])
            let server = try Spawn.daemon(
                [ProgramPath.current, "server", "--data-dir", folder.path] + options.arguments, log: folder.serverLog)
            try await follow(folder, server)
            Terminal.say("\nThe cluster is up. To use it:\n\n  export KUBECONFIG=\(folder.adminKubeconfig)\n  kubectl get nodes\n")
        } catch {
            Terminal.fail("\(error)")
        }
    }

    /// Shows each step as it ends.
    private func follow(_ folder: DataFolder, _ server: ProcessHandle) async throws {
        let began = ContinuousClock.now
        var shown: Set<StartStep> = []
        while true {
            let records = StartProgress.read(folder.progress)
            for record in records where record.state != .begun && shown.insert(record.step).inserted {
                Terminal.step(record.step.rawValue, isDone: record.state == .done, seconds: record.seconds, record.detail)
                if record.state == .failed { throw CommandError(Self.advice(record.detail, folder)) }
            }
            if shown.count == StartStep.allCases.count { return }
            if !server.isRunning {
                throw CommandError(Self.advice(ServerProcess.lastError(folder) ?? "the server ended without a word", folder))
            }
            if began.duration(to: .now) > Self.timeout {
                let step = records.last { $0.state == .begun && !shown.contains($0.step) }?.step.rawValue ?? "the start"
                throw CommandError(
                    Self.advice("\(step) is not done after \(Self.timeout.components.seconds) seconds; the server goes on trying", folder))
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private static func advice(_ problem: String, _ folder: DataFolder) -> String {
        "\(problem)\nThe whole log: \(folder.serverLog). To remove what was made: apus down --data-dir \(folder.path)"
    }
}
