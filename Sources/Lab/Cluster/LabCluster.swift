import Linux

/// Makes a control plane of a lab's first machine the documented way: `kubeadm init`, then a pod network. The others are ready to join it.
package struct LabCluster: Sendable {
    /// The range of pod addresses that the pod network's manifest has.
    private static let podRange = "10.244.0.0/16"
    private static let readyTime = 180

    let laboratory: Laboratory
    let plan: LabPlan

    package init(_ laboratory: Laboratory, _ plan: LabPlan) {
        self.laboratory = laboratory
        self.plan = plan
    }

    /// What must be on this machine for it; the machines have its programs.
    ///
    /// - Throws: ``LabError`` naming the packages that are missing.
    package static func check() throws {
        let wanted = [
            ("kubectl", "kubernetes-client"), ("containerd", "containerd"), ("runc", "runc"), ("nft", "nftables"), ("conntrack", "conntrack"),
        ]
        let missing = wanted.filter { Command.find($0.0) == nil }
        guard missing.isEmpty else {
            throw LabError(
                "a cluster needs \(missing.map(\.0).joined(separator: ", ")): apt-get install \(missing.map(\.1).joined(separator: " ")); "
                    + "machines without a cluster: apus lab up --bare")
        }
    }

    package func make(report: @escaping Laboratory.Report) async throws {
        let master = plan.machines[0]
        try await Laboratory.timed("control plane", report, detail: { _ in "https://\(master.address):6443" }) {
            try await on(
                master,
                ["kubeadm", "init", "--pod-network-cidr", Self.podRange, "--apiserver-advertise-address", master.address])
            // As the closing message of kubeadm init has it.
            try await on(master, ["sh", "-c", "mkdir -p $HOME/.kube && cp /etc/kubernetes/admin.conf $HOME/.kube/config"])
        }
        try await Laboratory.timed("pod network", report, detail: { _ in Self.podRange }) {
            try await on(master, ["kubectl", "apply", "-f", "-"], input: PackageResources.podnetwork_yaml)
        }
        try await Laboratory.timed("node", report, detail: { _ in "\(master.hostname) is Ready" }) {
            try await on(master, ["kubectl", "wait", "--for=condition=Ready", "node", "--all", "--timeout=\(Self.readyTime)s"])
        }
    }

    /// Runs a command on a machine, by this program in a process of its own.
    @discardableResult
    private func on(_ machine: MachinePlan, _ command: [String], input: [UInt8] = []) async throws -> Command.Result {
        let folder = laboratory.folder
        let exec = [ProgramPath.current, "lab", "exec", "--data-dir", folder.labs, "--name", folder.name, machine.hostname, "--"]
        let result = try await Command(exec + command, input: input, timeout: .seconds(300)).runAnyExit()
        guard result.exitCode == 0 else {
            let said = result.errorText.isEmpty ? result.outputText : result.errorText
            throw LabError(
                "\(command.prefix(2).joined(separator: " ")) failed on \(machine.hostname) with exit code \(result.exitCode):\n"
                    + said.split(separator: "\n").suffix(12).joined(separator: "\n"))
        }
        return result
    }
}
