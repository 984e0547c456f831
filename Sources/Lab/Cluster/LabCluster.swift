import Linux

/// Makes a cluster of a lab's machines the documented way: `kubeadm init` on the first, a pod network, `kubeadm join` on the others.
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
        try await join(master, report)
        try await Laboratory.timed("nodes", report, detail: { _ in "all are Ready" }) {
            // A kubelet that has its certificate registers its node a moment later.
            let script = """
                for i in $(seq 100); do kubectl get node "$@" > /dev/null 2>&1 && break; sleep 0.2; done
                exec kubectl wait --for=condition=Ready node "$@" --timeout=\(Self.readyTime)s
                """
            try await on(master, ["sh", "-c", script, "wait"] + plan.machines.map { $0.hostname.lowercased() })
        }
    }

    private func join(_ master: MachinePlan, _ report: @escaping Laboratory.Report) async throws {
        if plan.machines.count < 2 { return }
        // A token stands in the line: it is passed on and shown nowhere.
        let line = try await on(master, ["kubeadm", "token", "create", "--print-join-command"]).outputText
        let words = line.split(whereSeparator: \.isWhitespace).map(String.init)
        guard words.starts(with: ["kubeadm", "join"]) else { throw LabError("kubeadm token create did not print the command to join by") }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for machine in plan.machines.dropFirst() {
                group.addTask {
                    try await Laboratory.timed(machine.hostname, report, detail: { _ in "has joined" }) { _ = try await on(machine, words) }
                }
            }
            try await group.waitForAll()
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
                "\(command[0] == "sh" ? "a step" : command.prefix(2).joined(separator: " ")) failed on \(machine.hostname) with exit code \(result.exitCode):\n"
                    + said.split(separator: "\n").suffix(12).joined(separator: "\n"))
        }
        return result
    }
}
