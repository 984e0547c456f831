import Flags
import Glibc
import Linux

/// `kubeadm reset`: takes back what `init` and `join` did to this machine.
enum ResetCommand: KubeadmCommand {
    static let name = "reset  "
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
              cleanup-tmp-dir          bool    false -  nothing is kept in temporary folders
              ignore-preflight-errors  list    -     -  checks whose failures are warnings
            ! dry-run                  bool    false -  doing as if
            """)

    static func run(_ arguments: [String]) async throws {
        let flags = try FlagValues(table, arguments: arguments)
        if flags.wantsHelp { return Say.line(HelpText.of(table)) }
        guard geteuid() == 0 else { throw KubeadmError("kubeadm reset must run as root: run it with sudo") }
        if !flags.bool("force") {
            Say.line("[reset] WARNING: Changes made to this host by 'kubeadm init' or 'kubeadm join' will be reverted.")
            Say.line("[reset] Are you sure you want to proceed? [y/N]: ")
            guard let answer = readLine(), answer.lowercased() == "y" else { throw KubeadmError("aborted reset operation") }
        }
        Say.line("[preflight] Running pre-flight checks")
        let folder = flags.string("kubeconfig-dir")
        // Without its manifest a static pod is stopped by the kubelet, which therefore goes last.
        for component in ControlPlaneManifests.components { remove("\(folder)/manifests/\(component).yaml") }
        try await waitForStaticPods()
        Say.line("[reset] Stopping the kubelet service")
        try await KubeletService.stop()
        Say.line("[reset] Unmounting mounted directories in \"\(KubeletFiles.folder)\"")
        let busy = try Mounts.unmountAll(under: KubeletFiles.folder)
        guard busy.isEmpty else {
            throw KubeadmError("still in use: \(busy.joined(separator: ", ")); end what uses these mounts and run kubeadm reset again")
        }
        Say.line("[reset] Deleting contents of directories: [\(folder)/manifests \(KubeletFiles.folder) \(flags.string("cert-dir"))]")
        for path in ["\(folder)/manifests", KubeletFiles.folder, flags.string("cert-dir"), flags.string("data-dir"), "/var/lib/kubeadm"] {
            try Files.removeContents(of: path)
        }
        let files = ["admin.conf", "super-admin.conf", "kubelet.conf", "bootstrap-kubelet.conf", "controller-manager.conf", "scheduler.conf"]
        Say.line("[reset] Deleting files: [\(files.map { "\(folder)/\($0)" }.joined(separator: " "))]")
        for file in files { remove("\(folder)/\(file)") }
        Say.line(
            "\nThe reset process does not clean CNI configuration nor the kubeconfig in your home folder ($HOME/.kube/config): look at both yourself."
        )
    }

    private static func remove(_ path: String) { unlink(path) }

    /// Until the ports of the control plane are free, or a minute has passed.
    private static func waitForStaticPods() async throws {
        for _ in 0..<120 {
            if [6443, 10257, 10259].allSatisfy({ Listeners.problem(onPort: $0) == nil }) { return }
            try await Task.sleep(for: .milliseconds(500))
        }
        Say.line("[reset] The control plane has not stopped within a minute; going on")
    }
}
