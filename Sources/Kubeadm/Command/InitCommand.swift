import Flags
import Glibc

/// `kubeadm init`, and `kubeadm init phase NAME [PART]` for one phase by itself.
enum InitCommand: KubeadmCommand {
    static let name = "init"
    static let summary = "Set up the control plane of a new cluster on this machine"

    static func run(_ arguments: [String]) async throws {
        var arguments = arguments
        if arguments.first == "phase" {
            arguments.removeFirst()
            return try await runPhase(arguments)
        }
        let file = try SettingsFile(InitFlags.table, arguments, kinds: InitSettings.kinds)
        if file.flags.wantsHelp { return help() }
        for note in file.flags.notes { Say.line("[config] \(note)") }
        let settings = try InitSettings(file)
        Say.line("[init] Using Kubernetes version: \(ApusVersion.upstream)")
        if file.flags.bool("dry-run") { return try await rehearse(settings) }
        for phase in Phase.all where !settings.skippedPhases.contains(phase.name) {
            try await phase.run(settings, nil)
        }
        Say.line(try ClosingMessage.text(settings))
    }

    /// Does as if. Certificates and kubeconfigs are made, in a folder of their own.
    private static func rehearse(_ settings: InitSettings) async throws {
        try await Rehearsal.$isOn.withValue(true) {
            let folder = try Rehearsal.folder(in: settings.folder, "init")
            for phase in Phase.all where !settings.skippedPhases.contains(phase.name) {
                var settings = settings
                if ["certs", "kubeconfig", "bootstrap-token"].contains(phase.name) {
                    settings.certificates = "\(folder)/pki"
                    settings.folder = folder
                }
                try await phase.run(settings, nil)
            }
            Say.line("[dryrun] The certificates and kubeconfig files are in \"\(folder)\"; nothing else was changed, and you can delete it")
        }
    }

    private static func runPhase(_ arguments: [String]) async throws {
        guard let name = arguments.first, !name.hasPrefix("-") else { return help() }
        guard let phase = Phase.all.first(where: { $0.name == name }) else {
            throw FlagProblem("there is no phase \"\(name)\"; there are \(Phase.all.map(\.name).joined(separator: ", "))")
        }
        var rest = Array(arguments.dropFirst())
        var part: String?
        if let first = rest.first, !first.hasPrefix("-") {
            guard phase.parts.contains(first) else {
                throw FlagProblem("the phase \(name) has no part \"\(first)\"; it has \(phase.parts.joined(separator: ", "))")
            }
            part = first
            rest.removeFirst()
        }
        let file = try SettingsFile(InitFlags.table, rest, kinds: InitSettings.kinds)
        if file.flags.wantsHelp { return help() }
        let settings = try InitSettings(file)
        try await Rehearsal.$isOn.withValue(file.flags.bool("dry-run")) { try await phase.run(settings, part) }
    }

    private static func help() {
        var text = HelpText.of(InitFlags.table) + "\nPhases (kubeadm init phase NAME [PART]):\n\n"
        for phase in Phase.all { text += "  \(phase.name)  \(phase.summary)\n" }
        Say.line(text)
    }
}
