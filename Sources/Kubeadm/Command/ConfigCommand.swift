import Flags
import JSON
import Linux

/// `kubeadm config print init-defaults|join-defaults`, `config validate`, `config migrate`, `config images list|pull`.
enum ConfigCommand: KubeadmCommand {
    static let name = "config"
    static let summary = "Print, check and prepare what a cluster is made of"

    private static let usage =
        "kubeadm config print init-defaults | print join-defaults | validate --config FILE"
        + " | migrate --old-config FILE [--new-config FILE] | images list | images pull"

    private static let migration = FlagTable(
        program: "kubeadm config migrate", summary: "Turns a configuration file of \(Migration.old) into one of \(SettingsFile.apiVersion).",
        text: """
            [Migrate]
              old-config               string  -      -  the file to read
              new-config               string  -      -  where to write it; to the standard output if not given
            """)

    static func run(_ arguments: [String]) async throws {
        if arguments.first == "migrate" { return try migrate(Array(arguments.dropFirst())) }
        let (words, rest) = Positional.split(arguments, InitFlags.table)
        switch words {
        case ["print", "init-defaults"]: Say.line(ConfigDefaults.initialization)
        case ["print", "join-defaults"]: Say.line(ConfigDefaults.join)
        case ["validate"]:
            let flags = try FlagValues(InitFlags.table, arguments: rest)
            guard let path = flags.text("config") else { throw FlagProblem("kubeadm config validate needs --config") }
            for note in try validate(path) { Say.line(note) }
            Say.line("ok")
        case ["images", "list"]: Say.line(KubeadmImages.controlPlane)
        case ["images", "pull"]:
            let flags = try SettingsFile(InitFlags.table, rest, kinds: InitSettings.kinds).flags
            try await KubeadmImages.ensure(socket: flags.string("cri-socket"), folder: KubeadmImages.folder)
            Say.line("[config/images] Made \(KubeadmImages.controlPlane)")
        default: throw FlagProblem(usage)
        }
    }

    private static func migrate(_ arguments: [String]) throws {
        let flags = try FlagValues(migration, arguments: arguments)
        if flags.wantsHelp { return Say.line(HelpText.of(migration)) }
        guard let path = flags.text("old-config") else { throw FlagProblem("kubeadm config migrate needs --old-config") }
        guard let text = try Files.readText(path) else { throw FlagProblem("--old-config \(path): there is no such file") }
        let new = try Migration.migrated(text, path: path)
        // It may hold tokens.
        if let target = flags.text("new-config") { try Files.writeAtomically(target, new, mode: 0o600) } else { Say.line(new) }
    }

    /// Reads a file as the commands do for whom its kinds are.
    ///
    /// - Returns: what in it has no effect here.
    /// - Throws: `FlagProblem` naming the field.
    static func validate(_ path: String) throws -> [String] {
        guard let text = try Files.readText(path) else { throw FlagProblem("--config \(path): there is no such file") }
        let kinds = try SettingsFile.documents(text).compactMap { try YAMLTree.read($0, path: path)["kind"]?.stringValue }
        var notes: [String] = []
        if kinds.contains("JoinConfiguration") {
            let file = try SettingsFile(JoinFlags.table, ["--config", path], kinds: JoinFlags.kinds)
            notes += file.flags.notes
            _ = try JoinSettings(file.flags, endpoint: nil)
        }
        if !kinds.contains("JoinConfiguration") || kinds.contains(where: InitSettings.kinds.contains) {
            let file = try SettingsFile(InitFlags.table, ["--config", path], kinds: InitSettings.kinds)
            notes += file.flags.notes
            _ = try InitSettings(file)
        }
        return notes
    }
}
