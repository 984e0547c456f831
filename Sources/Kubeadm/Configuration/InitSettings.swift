package import Flags
package import JSON
import Linux

/// What a cluster is to be like, from flags, file and the machine.
package struct InitSettings: Sendable {
    package var nodeName: String
    package var advertiseAddress: String
    package var bindPort: Int
    package var certificates: String
    package var folder: String
    package var criSocket: String
    package var podSubnet: String
    package var serviceSubnet: String
    package var dnsDomain: String
    package var controlPlaneEndpoint: String
    package var extraNames: [String]
    package var clusterName: String
    package var image: String
    package var dataFolder: String
    package var skippedPhases: Set<String>
    package var ignoredChecks: Set<String>
    package var taints: [JSONValue]?
    package var extraArguments: [String: [(name: String, value: String)]]

    package var manifests: String { "\(folder)/manifests" }

    /// What clients connect to.
    package var server: String {
        if !controlPlaneEndpoint.isEmpty {
            return "https://" + (controlPlaneEndpoint.contains(":") ? controlPlaneEndpoint : "\(controlPlaneEndpoint):\(bindPort)")
        }
        return "https://\(bracketed(advertiseAddress)):\(bindPort)"
    }

    package var localServer: String { "https://\(bracketed(advertiseAddress)):\(bindPort)" }

    private func bracketed(_ address: String) -> String { address.contains(":") ? "[\(address)]" : address }

    /// - Throws: `FlagProblem` naming the flag.
    package init(_ flags: FlagValues) throws {
        nodeName = HostName.node(flags.text("node-name"))
        advertiseAddress = try flags.text("apiserver-advertise-address") ?? NodeAddress.detect()
        guard IPLiteral.isValid(advertiseAddress) else {
            throw FlagProblem("--apiserver-advertise-address \(advertiseAddress) must be an IP address")
        }
        bindPort = try flags.port("apiserver-bind-port")
        certificates = flags.string("cert-dir")
        folder = flags.string("kubeconfig-dir")
        criSocket = flags.string("cri-socket")
        podSubnet = flags.string("pod-network-cidr")
        serviceSubnet = flags.string("service-cidr")
        dnsDomain = flags.string("service-dns-domain")
        controlPlaneEndpoint = flags.string("control-plane-endpoint")
        extraNames = flags.list("apiserver-cert-extra-sans")
        clusterName = flags.string("clusterName")
        image = flags.text("image") ?? KubeadmImages.controlPlane
        dataFolder = flags.string("data-dir")
        skippedPhases = Set(flags.list("skip-phases"))
        ignoredChecks = Set(flags.list("ignore-preflight-errors").map { $0.lowercased() })
        taints = flags.tree("nodeRegistration.taints")?.arrayValue
        extraArguments = [:]
        for (name, component) in [
            ("apiServer", "kube-apiserver"), ("controllerManager", "kube-controller-manager"), ("scheduler", "kube-scheduler"),
        ] {
            extraArguments[component] = try Self.arguments(flags.tree("\(name).extraArgs"), "\(name).extraArgs")
        }
        if let version = flags.text("kubernetes-version"), !["stable-1.36", "stable-1", "stable", "latest"].contains(version),
            !ApusVersion.kubernetes.hasPrefix(version.hasPrefix("v") ? version : "v\(version)")
        {
            throw FlagProblem("--kubernetes-version \(version): this program is \(ApusVersion.kubernetes) and sets up only that")
        }
        guard firstServiceAddress != nil else {
            throw FlagProblem("--service-cidr \(serviceSubnet) must be an IPv4 range such as 10.96.0.0/12")
        }
    }

    private static func arguments(_ tree: JSONValue?, _ field: String) throws(FlagProblem) -> [(name: String, value: String)] {
        guard let tree, !tree.isNull else { return [] }
        guard let items = tree.arrayValue else { throw FlagProblem("\(field): must be a list of names and values") }
        var arguments: [(name: String, value: String)] = []
        for (index, item) in items.enumerated() {
            guard let name = item["name"]?.stringValue, let value = item["value"]?.stringValue else {
                throw FlagProblem("\(field)[\(index)]: name and value must be given, both strings")
            }
            arguments.append((name, value))
        }
        return arguments
    }

    /// The address of the service `kubernetes`.
    package var firstServiceAddress: String? { ServiceRange.address(1, of: serviceSubnet) }
    /// The address of the cluster's DNS.
    package var dnsAddress: String { ServiceRange.address(10, of: serviceSubnet) ?? "" }

    /// Reads a command line, and the file that it names.
    ///
    /// - Throws: `FlagProblem`.
    package static func read(_ table: FlagTable, _ arguments: [String]) throws -> FlagValues {
        var flags = try FlagValues(table, arguments: arguments)
        guard let path = flags.text("config") else { return flags }
        guard let text = try Files.readText(path) else { throw FlagProblem("--config \(path): there is no such file") }
        for document in text.split(separator: "\n---").map(String.init) {
            let tree = try YAMLTree.read(document, path: path)
            if tree.isNull { continue }
            guard let kind = tree["kind"]?.stringValue, kind == "InitConfiguration" || kind == "ClusterConfiguration" else {
                throw FlagProblem(
                    "\(path): kind \(tree["kind"]?.stringValue ?? "(none)") is not one that kubeadm init takes: InitConfiguration, ClusterConfiguration"
                )
            }
            try flags.read(ConfigurationFile(path: path, apiVersion: InitFlags.apiVersion, kind: kind), text: document)
        }
        return flags
    }
}

/// Addresses of an IPv4 range.
enum ServiceRange {
    /// The n-th address of a range; nil when it is none or too small.
    static func address(_ number: UInt32, of range: String) -> String? {
        let parts = range.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let prefix = UInt32(parts[1]), (1...30).contains(prefix), number < UInt32(1) << (32 - prefix) else { return nil }
        let bytes = parts[0].split(separator: ".", omittingEmptySubsequences: false).compactMap { UInt8($0) }
        guard bytes.count == 4 else { return nil }
        let base = bytes.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } & ~(UInt32.max >> prefix)
        let address = base + number
        return "\(address >> 24).\(address >> 16 & 255).\(address >> 8 & 255).\(address & 255)"
    }
}
