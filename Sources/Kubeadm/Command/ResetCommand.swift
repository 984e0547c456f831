import ContainerRuntime
import Flags
import Glibc
import Linux
import Logging

/// `kubeadm reset`: takes back what `init` and `join` did to this machine.
enum ResetCommand: KubeadmCommand {
    static let name = "reset"
    static let summary = "Take back what init or join did to this machine"

    private static let table = FlagTable(
        program: "kubeadm reset", summary: "Stops the control plane and the kubelet of this machine and removes the files that kubeadm made.",
        text: """
            [Reset]
              cert-dir                 string  /etc/kubernetes/pki -  the folder of certificates
              kubeconfig-dir           string  /etc/kubernetes     -  the folder of kubeconfigs
              data-dir                 string  /var/lib/kube-apiserver - the folder of the store
              cri-socket               string  unix:///run/containerd/containerd.sock - the container runtime's socket
              force                    bool    false -  do not ask
            ~ cleanup-tmp-dir          bool    false -  what upgrade and --dry-run keep in the folder tmp always goes
              ignore-preflight-errors  list    -     -  checks whose failures are warnings
              dry-run                  bool    false -  tell what would be done, and do nothing
            """)

    static func run(_ arguments: [String]) async throws {
        let flags = try FlagValues(table, arguments: arguments)
        if flags.wantsHelp { return Say.line(HelpText.of(table)) }
        try await Rehearsal.$isOn.withValue(flags.bool("dry-run")) { try await reset(flags) }
    }

    private static func reset(_ flags: FlagValues) async throws {
        guard geteuid() == 0 else { throw KubeadmError("kubeadm reset must run as root: run it with sudo") }
        if !flags.bool("force"), !Rehearsal.isOn {
            Say.line("[reset] WARNING: Changes made to this host by 'kubeadm init' or 'kubeadm join' will be reverted.")
            Say.line("[reset] Are you sure you want to proceed? [y/N]: ")
            guard let answer = readLine(), answer.lowercased() == "y" else { throw KubeadmError("aborted reset operation") }
        }
        Say.line("[preflight] Running pre-flight checks")
        let folder = flags.string("kubeconfig-dir")
        let etcdFolder = try await leaveEtcd(folder, flags.string("cert-dir"))
        // Without its configuration the kubelet does not come back while it is taken apart.
        remove(KubeletFiles.configurationPath)
        Say.line("[reset] Stopping the kubelet service")
        try await KubeletService.stop()
        try await removePods(flags.string("cri-socket"))
        Say.line("[reset] Unmounting mounted directories in \"\(KubeletFiles.folder)\"")
        let busy = Rehearsal.isOn ? [] : try unmountVolumes()
        guard busy.isEmpty else {
            throw KubeadmError("still in use: \(busy.joined(separator: ", ")); end what uses these mounts and run kubeadm reset again")
        }
        try await undoNetwork()
        let contents =
            [
                "\(folder)/manifests", "\(folder)/tmp", KubeletFiles.folder, flags.string("cert-dir"), flags.string("data-dir"), NodeNetwork.folder,
                "/var/lib/kubeadm",
            ] + [etcdFolder].compactMap { $0 }
        Say.line("[reset] Deleting contents of directories: [\(contents.joined(separator: " "))]")
        if !Rehearsal.isOn {
            for path in contents { try Files.removeContents(of: path) }
        }
        let files = ["admin.conf", "super-admin.conf", "kubelet.conf", "bootstrap-kubelet.conf", "controller-manager.conf", "scheduler.conf"]
        Say.line("[reset] Deleting files: [\(files.map { "\(folder)/\($0)" }.joined(separator: " "))]")
        for file in files { remove("\(folder)/\(file)") }
        Say.line(
            "\nThe reset process does not clean the CNI configuration of other pod networks than ours, nor the kubeconfig in your home folder ($HOME/.kube/config):"
                + " look at both yourself. On a control plane that is left, kubectl delete node takes this node out of the cluster.")
    }

    /// Takes this machine out of etcd, where it is a member.
    ///
    /// - Returns: where the member's data are.
    private static func leaveEtcd(_ folder: String, _ certificates: String) async throws -> String? {
        let path = "\(folder)/manifests/\(EtcdManifest.name).yaml"
        guard let manifest = try Files.readText(path) else { return nil }
        if !Rehearsal.instead("take this machine out of etcd, unless it is the only member") {
            do {
                try await EtcdLeaving.leave(nodeName: try InstalledMachine.read(folder).nodeName, certificates: certificates)
            } catch {
                Say.line(
                    "[reset] WARNING: this machine is still a member of etcd: \(error); kubeadm etcd remove on another control plane takes it out")
            }
        }
        return EtcdManifest.dataFolder(manifest)
    }

    private static func remove(_ path: String) {
        if !Rehearsal.isOn { unlink(path) }
    }

    /// Takes away what is mounted below the kubelet's folder. The folder itself may be a file system of its own, which stays.
    ///
    /// - Returns: what could not be unmounted.
    private static func unmountVolumes() throws -> [String] {
        func volumes() throws -> [String] { try Mounts.under(KubeletFiles.folder).map(\.path).filter { $0 != KubeletFiles.folder } }
        for path in try volumes() { try Mounts.unmount(path) }
        return try volumes()
    }

    /// Ends all pods of this machine, and takes away the images that kubeadm made. A runtime that is not there has none.
    private static func removePods(_ socket: String) async throws {
        let path = socket.hasPrefix("unix://") ? String(socket.dropFirst(7)) : socket
        guard Files.exists(path) else { return }
        Say.line("[reset] Removing Kubernetes-managed containers")
        let runtime = try RuntimeClient(endpoint: socket, logger: Logger(label: "kubeadm"))
        try await runtime.whileConnected {
            do {
                for sandbox in try await runtime.listPodSandboxes(nil)
                where !Rehearsal.instead("remove the pod \(sandbox.metadata.namespace)/\(sandbox.metadata.name)") {
                    try await remove(sandbox.id, runtime)
                }
                if Rehearsal.isOn { return }
                let images = try await KubeadmImages.remove(runtime, folder: KubeadmImages.folder)
                if !images.isEmpty {
                    Say.line("[reset] Removed images that were made of this machine's programs: [\(images.joined(separator: " "))]")
                }
            } catch {
                Say.line("[reset] WARNING: not all pods and images could be removed: \(error)")
            }
        }
    }

    /// A container that was just being started when the kubelet was stopped can be removed a moment later.
    private static func remove(_ sandbox: String, _ runtime: RuntimeClient) async throws {
        var attempt = 1
        while true {
            do {
                try await runtime.stopPodSandbox(sandbox)
                return try await runtime.removePodSandbox(sandbox)
            } catch {
                guard attempt < 5, !(error is CancellationError) else { throw error }
                attempt += 1
                try await Task.sleep(for: .seconds(1))
            }
        }
    }

    /// Takes back what our pod network and service proxy made: what they noted, and no more.
    private static func undoNetwork() async throws {
        for path in [NodeNetwork.ledger, "/run/kube-proxy/ledger"] where Files.exists(path) {
            let ledger = try Ledger(path: path)
            Say.line("[reset] Removing \(ledger.entries.count) links, rules and settings of this node's network, noted in \"\(path)\"")
            if Rehearsal.isOn { continue }
            for failure in await ledger.undoAll() { Say.line("[reset] WARNING: \(failure.entry) could not be removed: \(failure.reason)") }
            remove(path)
        }
        remove(NodeNetwork.configuration)
    }
}

/// What `deploy/podnetwork.yaml` has on a node.
private enum NodeNetwork {
    static let folder = "/var/lib/pod-network"
    static let ledger = "\(folder)/ledger"
    static let configuration = "/etc/cni/net.d/10-apus.conflist"
}
