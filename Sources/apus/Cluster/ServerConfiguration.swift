import APIServer
import ControllerManager
import Linux

/// The server's options, checked and completed with what the machine says.
struct ServerConfiguration: Sendable {
    var folder: DataFolder
    var nodeName: String
    var nodeIP: String
    var securePort: Int
    var kubeletPort: Int
    var serviceRange: String
    /// The first address of the service range: that of `kubernetes.default`.
    var kubernetesServiceIP: String
    var podRanges: PodRanges
    var clusterCIDR: String
    var clusterDNS: String
    var clusterDomain: String
    /// Of a runtime that somebody else runs.
    var runtimeEndpoint: String?
    var failSwapOn: Bool
    /// Whether every service account gets a secret with a token.
    var makesTokenSecrets: Bool
    /// Flags of `kube-apiserver`, as `name=value`.
    var apiServerArguments: [String]

    /// The maker of service accounts' tokens.
    var issuer: String { "https://kubernetes.default.svc.\(clusterDomain)" }

    /// The port on which the DNS server listens on the node; its service has port 53.
    static let dnsPort = 10053

    /// - Throws: `CommandError` naming the option and what it should be.
    init(_ options: ClusterOptions, folder: DataFolder) throws {
        self.folder = folder
        nodeName = HostName.node(options.nodeName)
        nodeIP = try options.nodeIP ?? NodeAddress.detect()
        securePort = options.securePort
        kubeletPort = options.kubeletPort
        serviceRange = options.serviceClusterIPRange
        clusterCIDR = options.clusterCIDR
        clusterDNS = options.clusterDNS
        clusterDomain = options.clusterDomain
        runtimeEndpoint = options.containerRuntimeEndpoint
        failSwapOn = options.failSwapOn
        makesTokenSecrets = options.serviceAccountTokenSecrets
        apiServerArguments = options.apiServerArguments
        for (name, port) in [("--secure-port", securePort), ("--kubelet-port", kubeletPort)] where !(1...65535).contains(port) {
            throw CommandError("\(name) \(port) must be between 1 and 65535")
        }
        guard let ranges = PodRanges(clusterCIDR: clusterCIDR) else {
            throw CommandError("--cluster-cidr \(clusterCIDR) must be an IPv4 range of at least a /24, such as 10.244.0.0/16")
        }
        podRanges = ranges
        guard let first = Self.firstAddress(of: serviceRange), let services = IPRange(serviceRange), let pods = IPRange(clusterCIDR) else {
            throw CommandError("--service-cluster-ip-range \(serviceRange) must be an IPv4 range, such as 10.96.0.0/12")
        }
        kubernetesServiceIP = first
        try checkAddresses(services, pods)
    }

    /// An address must lead to one thing only: a node, a pod or a service.
    private func checkAddresses(_ services: IPRange, _ pods: IPRange) throws {
        if services.contains(pods.base) || pods.contains(services.base) {
            throw CommandError(
                "the ranges of services and pods overlap: choose others with --service-cluster-ip-range (now \(services)) or --cluster-cidr (now \(pods))"
            )
        }
        guard let node = IPAddress(nodeIP), !node.isIPv6 else {
            throw CommandError("--node-ip \(nodeIP) must be an IPv4 address, such as 192.0.2.10")
        }
        for (range, what, option) in [(services, "services", "--service-cluster-ip-range"), (pods, "pods", "--cluster-cidr")]
        where range.contains(node) {
            throw CommandError(
                "the node's address \(nodeIP) lies in the range of \(what), \(range): choose another range with \(option), or another address with --node-ip"
            )
        }
        guard let dns = IPAddress(clusterDNS), services.contains(dns) else {
            throw CommandError("--cluster-dns \(clusterDNS) must be an address of the service range \(services), such as its tenth")
        }
    }

    /// The address after the network's own.
    static func firstAddress(of range: String) -> String? {
        let parts = range.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let prefix = Int(parts[1]), (8...28).contains(prefix) else { return nil }
        let bytes = parts[0].split(separator: ".", omittingEmptySubsequences: false).compactMap { UInt8($0) }
        guard bytes.count == 4 else { return nil }
        let address = bytes.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } & ~(UInt32.max >> UInt32(prefix)) | 1
        return "\(address >> 24).\(address >> 16 & 0xff).\(address >> 8 & 0xff).\(address & 0xff)"
    }
}
