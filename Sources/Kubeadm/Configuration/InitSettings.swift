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
    /// Where the embedded store is.
    package var dataFolder: String
    package var store: StoreChoice
    package var etcdPatience: Duration
    /// How long certificates count that are made now or later, and authorities.
    package var certificateValidity: Duration
    package var authorityValidity: Duration
    /// Whether the authorities' keys are put into the cluster.
    package var uploadsCertificates: Bool
    /// What they are encrypted with.
    package var certificateKey: CertificateKey
    package var printsCertificateKey: Bool
    /// Never empty; the first is the one that the closing message names.
    package var tokens: [BootstrapTokenSpec]
    package var printsToken: Bool
    /// What a `KubeletConfiguration` in the file says.
    package var kubelet: JSONObject
    package var kubeletArguments: [(name: String, value: String)]
    package var controlPlanePatience: Duration
    package var kubeletPatience: Duration
    package var skippedPhases: Set<String>
    package var ignoredChecks: Set<String>
    package var taints: [JSONValue]?
    package var extraArguments: [String: [(name: String, value: String)]]

    package var manifests: String { "\(folder)/manifests" }
    /// The kubeconfig with the most rights on this machine; only the first control plane has that of the super administrator.
    package var administrator: String {
        let first = "\(folder)/super-admin.conf"
        return Files.exists(first) ? first : "\(folder)/admin.conf"
    }

    /// What clients connect to.
    package var server: String {
        if !controlPlaneEndpoint.isEmpty {
            return "https://" + (controlPlaneEndpoint.contains(":") ? controlPlaneEndpoint : "\(controlPlaneEndpoint):\(bindPort)")
        }
        return "https://\(bracketed(advertiseAddress)):\(bindPort)"
    }

    package var localServer: String { "https://\(bracketed(advertiseAddress)):\(bindPort)" }

    private func bracketed(_ address: String) -> String { address.contains(":") ? "[\(address)]" : address }

    package init(_ file: SettingsFile) throws { try self.init(file.flags, kubelet: file.kubelet) }

    /// - Throws: `FlagProblem` naming the flag.
    package init(_ flags: FlagValues, kubelet: JSONObject = [:]) throws {
        self.kubelet = kubelet
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
        store = try StoreChoice(isWanted: flags.bool("etcd"), local: flags.tree("etcd.local"), external: flags.tree("etcd.external"))
        etcdPatience = flags.duration("timeouts.etcdAPICall")
        certificateValidity = try Self.validity(flags, "certificate-validity-period")
        authorityValidity = try Self.validity(flags, "ca-certificate-validity-period")
        uploadsCertificates = flags.bool("upload-certs")
        certificateKey = try CertificateKey(flag: flags.text("certificate-key")) ?? .random()
        printsCertificateKey = !flags.bool("skip-certificate-key-print")
        tokens = try Self.tokens(flags)
        printsToken = !flags.bool("skip-token-print")
        kubeletArguments = try Self.arguments(flags.tree("nodeRegistration.kubeletExtraArgs"), "nodeRegistration.kubeletExtraArgs")
        controlPlanePatience = flags.duration("timeouts.controlPlaneComponentHealthCheck")
        kubeletPatience = flags.duration("timeouts.kubeletHealthCheck")
        skippedPhases = Set(flags.list("skip-phases"))
        ignoredChecks = Set(flags.list("ignore-preflight-errors").map { $0.lowercased() })
        taints = flags.tree("nodeRegistration.taints")?.arrayValue
        extraArguments = [:]
        for (name, component) in [
            ("apiServer", "kube-apiserver"), ("controllerManager", "kube-controller-manager"), ("scheduler", "kube-scheduler"),
        ] {
            extraArguments[component] = try Self.arguments(flags.tree("\(name).extraArgs"), "\(name).extraArgs")
        }
        // As the cluster's own configuration has it, in which only flags of components have a place.
        dataFolder = extraArguments["kube-apiserver"]?.last { $0.name == "sqlite-data-dir" }?.value ?? flags.string("data-dir")
        if let version = flags.text("kubernetes-version"), !["stable-1.36", "stable-1", "stable", "latest"].contains(version),
            !ApusVersion.kubernetes.hasPrefix(version.hasPrefix("v") ? version : "v\(version)")
        {
            throw FlagProblem("--kubernetes-version \(version): this program is \(ApusVersion.kubernetes) and sets up only that")
        }
        guard firstServiceAddress != nil else {
            throw FlagProblem("--service-cidr \(serviceSubnet) must be an IPv4 range such as 10.96.0.0/12")
        }
    }

    private static func tokens(_ flags: FlagValues) throws(FlagProblem) -> [BootstrapTokenSpec] {
        var tokens: [BootstrapTokenSpec] = []
        for (index, item) in (flags.tree("bootstrapTokens")?.arrayValue ?? []).enumerated() {
            tokens.append(try BootstrapTokenSpec(item, field: "bootstrapTokens[\(index)]"))
        }
        if let text = flags.text("token") {
            guard let token = BootstrapToken(text) else {
                throw FlagProblem("--token must have the form \(BootstrapToken.form), as kubeadm token generate makes it")
            }
            tokens = [try BootstrapTokenSpec(token: token, life: flags.duration("token-ttl"))]
        } else if tokens.isEmpty {
            tokens = [try BootstrapTokenSpec(token: .random(), life: flags.duration("token-ttl"))]
        }
        if tokens[0].description.isEmpty { tokens[0].description = "The default bootstrap token generated by 'kubeadm init'." }
        return tokens
    }

    private static func validity(_ flags: FlagValues, _ name: String) throws(FlagProblem) -> Duration {
        let period = flags.duration(name)
        guard period > .zero else { throw FlagProblem("--\(name) must be more than 0, such as 8760h") }
        return period
    }

    static func arguments(_ tree: JSONValue?, _ field: String) throws(FlagProblem) -> [(name: String, value: String)] {
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

    static func tree(_ arguments: [(name: String, value: String)]) -> JSONValue {
        .array(arguments.map { ["name": .string($0.name), "value": .string($0.value)] })
    }

    /// The address of the service `kubernetes`.
    package var firstServiceAddress: String? { ServiceRange.address(1, of: serviceSubnet) }
    /// The address of the cluster's DNS.
    package var dnsAddress: String { ServiceRange.address(10, of: serviceSubnet) ?? "" }

    /// The kinds of configuration that the table is for.
    package static let kinds = ["InitConfiguration", "ClusterConfiguration"]

    /// Reads a command line, and the file that it names.
    ///
    /// - Throws: `FlagProblem`.
    package static func read(_ table: FlagTable, _ arguments: [String]) throws -> FlagValues {
        try SettingsFile(table, arguments, kinds: kinds).flags
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
