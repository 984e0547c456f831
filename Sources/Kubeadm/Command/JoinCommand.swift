import Flags

/// `kubeadm join HOST:PORT --token ... --discovery-token-ca-cert-hash ...`, and `kubeadm join phase NAME ...` for one phase by itself.
enum JoinCommand: KubeadmCommand {
    static let name = "join"
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
        let settings = try JoinSettings(file.flags, endpoint: words.first)
        if let phase = phases.first, phases.count == 1, phase.isForControlPlanes, settings.controlPlane == nil {
            throw FlagProblem("the phase \(phase.name) is for control planes: give --control-plane")
        }
        let run = JoinRun(settings: settings)
        let isRehearsal = file.flags.bool("dry-run")
        try await Rehearsal.$isOn.withValue(isRehearsal) {
            for phase in phases where !run.settings.skippedPhases.contains(phase.name) {
                if run.settings.controlPlane != nil || !phase.isForControlPlanes { try await phase.run(run) }
            }
        }
        guard phases.count > 1, !isRehearsal else { return }
        if run.settings.controlPlane != nil {
            return Say.line(
                """

                This node has joined the cluster and a new control plane instance was created:
                * The control plane components run as static Pods.
                * The Kubelet was informed of the new secure connection details.

                To start administering your cluster from this node, you need to run the following as a regular user:

                  mkdir -p $HOME/.kube
                  sudo cp -i \(run.settings.folder)/admin.conf $HOME/.kube/config
                  sudo chown $(id -u):$(id -g) $HOME/.kube/config

                Run 'kubectl get nodes' to see this node join the cluster.

                """)
        }
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
