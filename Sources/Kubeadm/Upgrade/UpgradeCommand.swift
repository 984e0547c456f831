import Flags
import Glibc
import JSON
import KubernetesClient
import Linux

/// `kubeadm upgrade plan|apply|node`: brings a cluster to the version of this program.
enum UpgradeCommand: KubeadmCommand {
    static let name = "upgrade"
    static let summary = "Bring the cluster, or this node of it, to the version of this program"

    private static let table = FlagTable(
        program: "kubeadm upgrade",
        summary:
            "Brings a cluster to the version of this program: plan says what would change, apply does it on the first control plane, node on each other machine.",
        text: """
            [Upgrade]
              kubeconfig-dir           string  /etc/kubernetes     -  the folder of kubeconfigs and manifests
              certificate-renewal      bool    true  -  make the control plane's certificates anew
              yes                      bool    false -  do not ask (-y)
              force                    bool    false -  do not ask, and go on although the cluster is not well (-f)
              dry-run                  bool    false -  tell what would be done, and do nothing
            ~ etcd-upgrade             bool    true  -  etcd is that of the machine's distribution, and changes with its package
            ~ ignore-preflight-errors  list    -     -  there is one check, which --force passes over
            ~ allow-experimental-upgrades bool false -  there is one version to upgrade to
            ~ allow-release-candidate-upgrades bool false - there is one version to upgrade to
            ! config                   string  -     -  a file with UpgradeConfiguration; give flags
            ! patches                  string  -     -  patches of manifests
            """)

    static func run(_ arguments: [String]) async throws {
        let long = arguments.map { $0 == "-y" ? "--yes" : $0 == "-f" ? "--force" : $0 }
        var (words, rest) = Positional.split(long, table)
        let flags = try FlagValues(table, arguments: rest)
        guard !flags.wantsHelp, let verb = words.first else { return Say.line(HelpText.of(table)) }
        for note in flags.notes { Say.line("[config] \(note)") }
        words.removeFirst()
        try await Rehearsal.$isOn.withValue(flags.bool("dry-run")) {
            switch (verb, words.count) {
            case ("plan", 0): try await plan(flags)
            case ("apply", 0...1): try await apply(words.first, flags)
            case ("node", 0): try await node(flags)
            default: throw FlagProblem("kubeadm upgrade has no \"\(([verb] + words).joined(separator: " "))\": plan, apply [VERSION], node")
            }
        }
    }

    private static func plan(_ flags: FlagValues) async throws {
        let client = try ClusterObjects.client("\(flags.string("kubeconfig-dir"))/admin.conf")
        let versions = try await ClusterVersions.read(client)
        Say.line("[upgrade/versions] Cluster version: \(versions.server)")
        Say.line("[upgrade/versions] kubeadm version: \(ApusVersion.kubernetes)")
        for line in versions.plan() { Say.line(line) }
    }

    private static func apply(_ version: String?, _ flags: FlagValues) async throws {
        if let version, !ApusVersion.kubernetes.hasPrefix(version.hasPrefix("v") ? version : "v\(version)") {
            throw FlagProblem(
                "kubeadm upgrade apply \(version): this program is \(ApusVersion.kubernetes) and upgrades only to that; install the packages of \(version) first"
            )
        }
        let machine = try InstalledMachine.read(flags.string("kubeconfig-dir"))
        guard machine.isControlPlane else { throw KubeadmError("this machine is no control plane: kubeadm upgrade node is for it") }
        let client = try ClusterObjects.client("\(machine.folder)/admin.conf")
        Say.line("[upgrade] Running cluster health checks")
        let problems = try await ClusterHealth.problems(client)
        if let first = problems.first {
            guard flags.bool("force") else { throw KubeadmError("the cluster is not well: \(first); see to it, or give --force") }
            for problem in problems { Say.error("\t[WARNING] \(problem)") }
        }
        if !flags.bool("yes"), !flags.bool("force"), !Rehearsal.isOn {
            Say.line("[upgrade] Are you sure you want to proceed? [y/N]: ")
            guard let answer = readLine(), answer.lowercased() == "y" else { throw KubeadmError("aborted upgrade operation") }
        }
        let settings = try await self.settings(machine, client)
        try await ControlPlaneUpgrade(settings: settings, client: client, renewsCertificates: flags.bool("certificate-renewal")).run()
        try await Phase.uploadConfiguration.run(settings, nil)
        try await BootstrapRules.apply(try ClusterObjects(settings))
        try await configureKubelet(machine, client)
        try await Phase.addOns.run(settings, nil)
        if Rehearsal.isOn { return }
        Say.line("\n[upgrade] SUCCESS! A control plane node of your cluster was upgraded to \"\(ApusVersion.kubernetes)\".")
        Say.line("\n[upgrade] Now please proceed with upgrading the rest of the nodes: kubeadm upgrade node on each, one after the other.")
    }

    private static func node(_ flags: FlagValues) async throws {
        let machine = try InstalledMachine.read(flags.string("kubeconfig-dir"))
        let client = try ClusterObjects.client("\(machine.folder)/\(machine.isControlPlane ? "admin.conf" : "kubelet.conf")")
        Say.line("[upgrade] Reading configuration from the \"kubeadm-config\" ConfigMap in namespace \"kube-system\"...")
        if machine.isControlPlane {
            let settings = try await self.settings(machine, client)
            try await ControlPlaneUpgrade(settings: settings, client: client, renewsCertificates: flags.bool("certificate-renewal")).run()
        } else {
            Say.line("[upgrade] Skipping the control plane: this machine has none")
            if !Rehearsal.instead("make the image of the add-ons out of this program"), let socket = machine.criSocket {
                try await KubeadmImages.ensure(socket: socket, folder: KubeadmImages.folder)
            }
        }
        try await configureKubelet(machine, client)
        if !Rehearsal.isOn { Say.line("[upgrade] The configuration for this node was successfully upgraded!") }
    }

    private static func settings(_ machine: InstalledMachine, _ client: Client) async throws -> InitSettings {
        let kubelet = try YAMLTree.read(
            try await ClusterConfigurationMap.text(ClusterConfigurationMap.kubelet, client), path: "kube-system/kubelet-config")
        return try InitSettings.ofCluster(
            try await ClusterConfigurationMap.text(ClusterConfigurationMap.kubeadm, client),
            arguments: machine.arguments() + ["--kubeconfig-dir=\(machine.folder)"], kubelet: kubelet.objectValue ?? [:])
    }

    /// Gives this machine's kubelet what the cluster has for all.
    private static func configureKubelet(_ machine: InstalledMachine, _ client: Client) async throws {
        let configuration = try YAMLTree.read(
            try await ClusterConfigurationMap.text(ClusterConfigurationMap.kubelet, client), path: "kube-system/kubelet-config")
        let socket = machine.criSocket ?? configuration["containerRuntimeEndpoint"]?.stringValue ?? ""
        let runtime = await RuntimeProbe.ask(socket)
        let own = KubeletFiles.Machine(nodeName: machine.nodeName, nodeIP: "", criSocket: socket, cgroupDriver: runtime.cgroupDriver)
        Say.line("[upgrade/kubelet-config] Writing kubelet configuration to file \"\(KubeletFiles.configurationPath)\"")
        try Rehearsal.write(KubeletFiles.configurationPath, YAMLText.of(KubeletFiles.local(configuration, own)))
        Say.line("[upgrade/kubelet-config] Restarting the kubelet")
        try await KubeletService.restart()
    }
}
