import ArgumentParser
import Components
import ContainerRuntime
import Glibc
import Linux
import Logging

/// `apus down`: stops the cluster and removes all of it.
struct DownCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "down", abstract: "Stop the cluster and remove all of it: containers, mounts, links, rules, cgroups and files.")

    @OptionGroup var data: DataFolderOption

    func run() async throws {
        do {
            try ServerProcess.requireRoot("down")
            let folder = try data.folder()
            guard Files.exists(folder.path) else { return Terminal.say("There is no cluster in \(folder.path).") }
            try await Self.remove(folder)
            Terminal.say("The cluster of \(folder.path) is stopped and removed.")
        } catch {
            Terminal.fail("\(error)")
        }
    }

    private static func remove(_ folder: DataFolder) async throws {
        // A folder that holds something else entirely is not ours to empty.
        guard Files.exists(folder.logs) || Files.exists(folder.ledger) else {
            throw CommandError("\(folder.path) was not made by apus up, so nothing in it is removed")
        }
        let logger = Logger(label: "apus") { _ in PlainLogHandler(level: .warning) }
        if let server = ServerProcess.current(folder) { try await server.stop(grace: .seconds(20)) }
        let ledger = try Ledger(path: folder.ledger)
        if let configuration = try? ContainerdConfiguration(dataFolder: folder.path, sandboxImage: ClusterImages.pause.name) {
            try await ContainerdSupervisor(configuration: configuration, ledger: ledger, logger: logger).tearDown()
        }
        let failures = await ledger.undoAll()
        guard failures.isEmpty else {
            throw CommandError(
                "could not remove everything: " + failures.map { "\($0.entry): \($0.reason)" }.joined(separator: "; ")
                    + "\nWhat is left is listed in \(folder.ledger); mend the cause and run apus down again")
        }
        let busy = try Mounts.unmountAll(under: folder.path)
        guard busy.isEmpty else {
            throw CommandError("still in use: \(busy.joined(separator: ", "))\nEnd what uses these mounts and run apus down again")
        }
        try Files.removeTree(folder.path)
    }
}
