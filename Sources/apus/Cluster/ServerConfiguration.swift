import ControllerManager
import Glibc
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

    /// The maker of service accounts' tokens.
    var issuer: String { "https://kubernetes.default.svc.\(clusterDomain)" }

    /// The port on which the DNS server listens on the node; its service has port 53.
    static let dnsPort = 10053

    /// - Throws: `CommandError` naming the option and what it should be.
    init(_ options: ClusterOptions, folder: DataFolder) throws {
        self.folder = folder
        nodeName = (options.nodeName ?? Self.hostname()).lowercased()
        nodeIP = try options.nodeIP ?? NodeAddress.detect()
        securePort = options.securePort
        kubeletPort = options.kubeletPort
        serviceRange = options.serviceClusterIPRange
        clusterCIDR = options.clusterCIDR
        clusterDNS = options.clusterDNS
        clusterDomain = options.clusterDomain
        runtimeEndpoint = options.containerRuntimeEndpoint
        for (name, port) in [("--secure-port", securePort), ("--kubelet-port", kubeletPort)] where !(1...65535).contains(port) {
            throw CommandError("\(name) \(port) must be between 1 and 65535")
        }
        guard let ranges = PodRanges(clusterCIDR: clusterCIDR) else {
            throw CommandError("--cluster-cidr \(clusterCIDR) must be an IPv4 range of at least a /24, such as 10.244.0.0/16")
        }
        podRanges = ranges
        guard let first = Self.firstAddress(of: serviceRange) else {
            throw CommandError("--service-cluster-ip-range \(serviceRange) must be an IPv4 range, such as 10.96.0.0/12")
        }
        kubernetesServiceIP = first
    }

    private static func hostname() -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "node" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
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
