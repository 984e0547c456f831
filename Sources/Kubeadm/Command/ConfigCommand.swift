import Flags
import Linux

/// `kubeadm config print init-defaults`, `config validate`, `config images list|pull`.
enum ConfigCommand: KubeadmCommand {
    static let name = "config "
    static let summary = "Print, check and prepare what a cluster is made of"

    static func run(_ arguments: [String]) async throws {
        switch arguments.prefix(2) {
        case ["print", "init-defaults"]: Say.line(defaults)
        case ["validate"], ["validate", "--config"],
            _ where arguments.first == "validate":
            let flags = try InitSettings.read(InitFlags.table, Array(arguments.dropFirst()))
            guard flags.text("config") != nil else { throw FlagProblem("kubeadm config validate needs --config") }
            for note in flags.notes { Say.line(note) }
            _ = try InitSettings(flags)
            Say.line("ok")
        case ["images", "list"]: Say.line(KubeadmImages.controlPlane)
        case ["images", "pull"]:
            let flags = try FlagValues(InitFlags.table, arguments: Array(arguments.dropFirst(2)))
            try await KubeadmImages.ensure(socket: flags.string("cri-socket"), folder: KubeadmImages.folder)
            Say.line("[config/images] Made \(KubeadmImages.controlPlane)")
        default: throw FlagProblem("kubeadm config print init-defaults | validate --config FILE | images list | images pull")
        }
    }

    private static var defaults: String {
        """
        apiVersion: \(InitFlags.apiVersion)
        kind: InitConfiguration
        localAPIEndpoint:
          advertiseAddress: 1.2.3.4
          bindPort: 6443
        nodeRegistration:
          criSocket: unix:///run/containerd/containerd.sock
          imagePullPolicy: IfNotPresent
          imagePullSerial: true
          name: node
          taints: null
        ---
        apiServer: {}
        apiVersion: \(InitFlags.apiVersion)
        certificatesDir: /etc/kubernetes/pki
        clusterName: kubernetes
        controllerManager: {}
        kind: ClusterConfiguration
        kubernetesVersion: 1.36.3
        networking:
          dnsDomain: cluster.local
          serviceSubnet: 10.96.0.0/12
        scheduler: {}
        """
    }
}
