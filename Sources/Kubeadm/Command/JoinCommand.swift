import Flags

/// `kubeadm join HOST:PORT --token ... --discovery-token-ca-cert-hash ...`, and `kubeadm join phase NAME ...` for one phase by itself.
enum JoinCommand: KubeadmCommand {
    static let name = "join   "
    static let summary = "Join this machine to a cluster"

    static func run(_ arguments: [String]) async throws {
        var (words, rest) = Positional.split(arguments, JoinFlags.table)
        var phases = JoinPhase.all
        if words.first == "phase" {
            guard words.count > 1 else { return help() }
            guard let phase = phases.first(where: { $0.name == words[1] }) else {
                throw FlagProblem("there is no phase \"\(words[1])\"; there are \(phases.map(\.name).joined(separator: ", "))")
            }
            phases = [phase]
            words.removeFirst(2)
        }
        guard words.count < 2 else { throw FlagProblem("kubeadm join takes one address, not \"\(words.joined(separator: " "))\"") }
        let file = try SettingsFile(JoinFlags.table, rest, kinds: JoinFlags.kinds)
        if file.flags.wantsHelp { return help() }
        for note in file.flags.notes { Say.line("[config] \(note)") }
        let run = JoinRun(settings: try JoinSettings(file.flags, endpoint: words.first))
        let isRehearsal = file.flags.bool("dry-run")
        try await Rehearsal.$isOn.withValue(isRehearsal) {
            for phase in phases where !run.settings.skippedPhases.contains(phase.name) { try await phase.run(run) }
        }
        guard phases.count > 1, !isRehearsal else { return }
        Say.line(
            """

            This node has joined the cluster:
            * Certificate signing request was sent to apiserver and a response was received.
            * The Kubelet was informed of the new secure connection details.

            Run 'kubectl get nodes' on the control-plane to see this node join the cluster.

            """)
    }

    private static func help() {
        var text = HelpText.of(JoinFlags.table) + "\nPhases (kubeadm join phase NAME HOST:PORT ...):\n\n"
        for phase in JoinPhase.all { text += "  \(phase.name)  \(phase.summary)\n" }
        Say.line(text)
    }
}
