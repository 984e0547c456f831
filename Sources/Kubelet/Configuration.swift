import Glibc

/// Settings of the node agent. Fields that `KubeletConfiguration` of upstream has bear its names and defaults; the others say what they are.
package struct KubeletConfiguration: Sendable {
    // MARK: Who and where
    /// The Node object's name.
    package var nodeName: String
    /// Addresses reported for the node, best first. Empty: the address of the interface with the default route, then any global one.
    package var nodeIPs: [String] = []
    package var nodeLabels: [String: String] = [:]
    /// Taints the node has when it registers, `key=value:Effect` parsed by the caller.
    package var registerWithTaints: [(key: String, value: String, effect: String)] = []
    package var registerNode = true
    package var providerID = ""
    /// Pods' folders, volumes and the agent's own state.
    package var rootDirectory = "/var/lib/kubelet"
    package var podLogsDir = "/var/log/pods"
    /// The `kubeletVersion` of the Node's `nodeInfo`.
    package var version = "v1.36.3"

    /// The folder of static pods' manifests; empty: there are none.
    package var staticPodPath = ""
    package var fileCheckFrequency: Duration = .seconds(20)

    // MARK: The runtime
    package var containerRuntimeEndpoint = "unix:///run/containerd/containerd.sock"
    package var runtimeRequestTimeout: Duration = .seconds(120)
    package var runtimeRelistPeriod: Duration = .seconds(3)

    // MARK: Pods
    package var maxPods = 110
    package var podPidsLimit: Int64 = -1
    package var clusterDNS: [String] = []
    package var clusterDomain = "cluster.local"
    package var resolvConf = "/etc/resolv.conf"
    package var enableServiceLinks = true
    package var hostnameOverride: String?
    package var seccompDefault = false
    package var enforceNodeAllocatable: [String] = ["pods"]
    package var registryPullQPS: Int32 = 5
    package var serializeImagePulls = false
    package var containerLogMaxSize: Int64 = 10 << 20
    package var containerLogMaxFiles = 5
    package var maxContainerRestartPeriod: Duration = .seconds(300)

    // MARK: Cgroups
    /// "cgroupfs" or "systemd".
    package var cgroupDriver = "cgroupfs"
    /// The cgroup under which `kubepods` is made; "/" or a path such as "/apus".
    package var cgroupRoot = "/"
    package var cgroupsPerQOS = true
    package var cpuCFSQuota = true
    package var cpuCFSQuotaPeriod: Duration = .milliseconds(100)
    package var systemReserved: [String: String] = [:]
    package var kubeReserved: [String: String] = [:]
    package var evictionHardMemory = "100Mi"
    package var failSwapOn = false

    // MARK: Reporting
    package var syncFrequency: Duration = .seconds(60)
    package var nodeStatusUpdateFrequency: Duration = .seconds(10)
    package var nodeStatusReportFrequency: Duration = .seconds(300)
    package var nodeLeaseDurationSeconds: Int32 = 40
    package var nodeStatusMaxImages = 50

    // MARK: Server
    /// Address the HTTPS server listens on.
    package var address = "0.0.0.0"
    package var port = 10250
    /// PEM bytes of the serving certificate chain and its key, and of the authority that signs clients' certificates.
    package var tlsCertificate: [UInt8] = []
    package var tlsPrivateKey: [UInt8] = []
    package var clientCA: [UInt8] = []
    /// Whether TLS 1.2 is not good enough.
    package var requiresTLS13 = false
    /// Whether `/logs/` shows what is in `systemLogsFolder`.
    package var enableSystemLogHandler = true
    package var systemLogsFolder = "/var/log"
    /// The authority of the API server's certificate, for containers' service account volumes (`ca.crt` comes from the cluster; this is a fallback).
    package var streamingConnectionIdleTimeout: Duration = .seconds(4 * 3600)

    package init(nodeName: String) {
        self.nodeName = nodeName
    }

    var podsDirectory: String { rootDirectory + "/pods" }

    func podDirectory(_ uid: String) -> String { podsDirectory + "/" + uid }
}
