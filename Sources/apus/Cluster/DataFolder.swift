/// Where everything of one cluster on this machine is kept.
struct DataFolder: Sendable {
    static let standard = "/var/lib/apus"

    /// Absolute, without a slash at the end.
    let path: String

    var pki: String { "\(path)/pki" }
    var adminKubeconfig: String { "\(path)/admin.kubeconfig" }
    var store: String { "\(path)/store" }
    var database: String { "\(store)/state.db" }
    var ledger: String { "\(path)/ledger" }
    var logs: String { "\(path)/logs" }
    var serverLog: String { "\(logs)/apus.log" }
    var podLogs: String { "\(logs)/pods" }
    var kubelet: String { "\(path)/kubelet" }
    /// The kubelet's serving certificate and key, without `.crt` and `.key`.
    var kubeletServing: String { "\(kubelet)/kubelet" }
    /// Volumes that the cluster's own provisioner makes.
    var volumes: String { "\(path)/volumes" }
    var images: String { "\(path)/images" }
    var run: String { "\(path)/run" }
    /// The running server's process, as `ProcessHandle` writes it.
    var serverProcess: String { "\(run)/apus.pid" }
    /// What the start has done so far, for `apus up` and `apus status`.
    var progress: String { "\(run)/progress" }
    /// The cgroup that holds all pods of this cluster, so that several clusters on one machine do not share one.
    var cgroup: String {
        path == Self.standard ? "/apus" : "/apus" + path.split(separator: "/").map { "-" + $0 }.joined()
    }
}
