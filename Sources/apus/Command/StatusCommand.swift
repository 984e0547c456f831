import ArgumentParser
import CoreV1
import KubernetesAPI
import KubernetesClient
import Linux

/// `apus status`: what runs, what does not, and why.
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "status", abstract: "Say what runs, what does not, and why.")

    @OptionGroup var data: DataFolderOption

    func run() async throws {
        do {
            let folder = try data.folder()
            guard Files.exists(folder.path) else { throw CommandError("there is no cluster in \(folder.path). Start one: apus up") }
            try await Self.report(folder)
        } catch {
            Terminal.fail("\(error)")
        }
    }

    /// Prints the state; throws when something does not run.
    static func report(_ folder: DataFolder) async throws {
        guard let server = ServerProcess.current(folder) else {
            let cause = ServerProcess.lastError(folder).map { " Its last words: \($0)" } ?? ""
            throw CommandError("the server of \(folder.path) does not run.\(cause)\nStart it: apus up --data-dir \(folder.path)")
        }
        Terminal.say("  server        runs, process \(server.pid)")
        var problems: [String] = []
        for record in StartProgress.read(folder.progress) where record.state == .failed {
            problems.append("\(record.step.rawValue): \(record.detail)")
        }
        problems += await clusterProblems(folder)
        guard problems.isEmpty else {
            throw CommandError(
                "not all is well:\n" + problems.map { "  \($0)" }.joined(separator: "\n") + "\nThe log: apus logs --data-dir \(folder.path)")
        }
    }

    private static func clusterProblems(_ folder: DataFolder) async -> [String] {
        do {
            return try await ClusterClient.with(folder) { client in
                var problems: [String] = []
                _ = try await client.send("GET", "/readyz")
                Terminal.say("  API server    ready")
                for node in try await client.list(Node.self).items {
                    let name = node.metadata.name ?? ""
                    let ready = node.status.conditions.first { $0.type == "Ready" }
                    let runtime = node.status.nodeInfo?.containerRuntimeVersion ?? "no container runtime yet"
                    if ready?.status == "True" {
                        Terminal.say("  node          \(name) is Ready (\(runtime))")
                    } else {
                        problems.append("node \(name) is not ready: \(ready?.reason ?? "no report yet"): \(ready?.message ?? "")")
                    }
                }
                let pods = try await client.list(Pod.self).items
                let running = pods.count { $0.status.phase == "Running" }
                Terminal.say("  pods          \(running) of \(pods.count) running")
                for pod in pods {
                    guard let waiting = pod.status.containerStatuses.compactMap({ $0.state?.waiting }).first,
                        let reason = waiting.reason, reason != "ContainerCreating"
                    else { continue }
                    Terminal.say("                \(NamespacedName(pod.metadata)): \(reason): \(waiting.message ?? "")")
                }
                return problems
            }
        } catch {
            return ["API server: \(error)"]
        }
    }
}
