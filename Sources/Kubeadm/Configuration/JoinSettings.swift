import Flags
import JSON
import Linux

/// What `kubeadm join` is told.
struct JoinSettings: Sendable {
    /// How the cluster is found and recognized.
    enum Way: Sendable {
        case token(server: String, token: BootstrapToken, hashes: [String])
        /// A kubeconfig, by its path or URL.
        case file(String)
    }

    /// What a machine needs that becomes a control plane.
    struct ControlPlane: Sendable {
        var advertiseAddress: String
        var bindPort: Int
        /// Nil: what all control planes have in common was brought here by somebody.
        var certificateKey: CertificateKey?
    }

    var way: Way
    /// Nil for a worker.
    var controlPlane: ControlPlane?
    /// Nil: only where the kubeconfig of the discovery has credentials itself.
    var bootstrapToken: BootstrapToken?
    var nodeName: String
    var nodeIP: String
    var criSocket: String
    var folder: String
    var authorityPath: String
    /// Nil: as the node's role has it.
    var taints: [JSONValue]?
    var kubeletArguments: [(name: String, value: String)]
    var ignoredChecks: Set<String>
    var skippedPhases: Set<String>
    var discoveryPatience: Duration
    var bootstrapPatience: Duration
    var kubeletPatience: Duration
    var controlPlanePatience: Duration
    var etcdPatience: Duration

    var kubeconfig: String { "\(folder)/kubelet.conf" }
    var bootstrapKubeconfig: String { "\(folder)/bootstrap-kubelet.conf" }
    var manifests: String { "\(folder)/manifests" }

    /// - Parameter endpoint: `HOST:PORT` from the command line.
    /// - Throws: `FlagProblem` naming the flag.
    init(_ flags: FlagValues, endpoint: String?) throws {
        let common = try Self.token(flags, "token")
        bootstrapToken = try Self.token(flags, "tls-bootstrap-token") ?? common
        let discovery = try Self.token(flags, "discovery-token") ?? common
        if let path = flags.text("discovery-file") {
            guard flags.text("discovery-token") == nil else {
                throw FlagProblem("--discovery-file and --discovery-token exclude each other: the cluster is recognized by one of them")
            }
            guard !FileDiscovery.isURL(path) || path.hasPrefix("https://") else {
                throw FlagProblem("--discovery-file \(path) must be a path or begin with https://: by other ways anybody could change it")
            }
            way = .file(path)
        } else {
            way = try Self.way(flags, discovery, endpoint)
            // A token for discovery alone would be of no use.
            bootstrapToken = bootstrapToken ?? discovery
        }
        nodeName = HostName.node(flags.text("node-name"))
        nodeIP = try flags.text("node-ip") ?? NodeAddress.detect()
        guard IPLiteral.isValid(nodeIP) else { throw FlagProblem("--node-ip \(nodeIP) must be an IP address") }
        criSocket = flags.string("cri-socket")
        folder = flags.string("kubeconfig-dir")
        authorityPath = flags.string("caCertPath")
        taints = flags.tree("nodeRegistration.taints")?.arrayValue
        kubeletArguments = try InitSettings.arguments(flags.tree("nodeRegistration.kubeletExtraArgs"), "nodeRegistration.kubeletExtraArgs")
        ignoredChecks = Set(flags.list("ignore-preflight-errors").map { $0.lowercased() })
        skippedPhases = Set(flags.list("skip-phases"))
        discoveryPatience = flags.duration("timeouts.discovery")
        bootstrapPatience = flags.duration("timeouts.tlsBootstrap")
        kubeletPatience = flags.duration("timeouts.kubeletHealthCheck")
        controlPlanePatience = flags.duration("timeouts.controlPlaneComponentHealthCheck")
        etcdPatience = flags.duration("timeouts.etcdAPICall")
        controlPlane = try Self.controlPlane(flags, nodeIP: nodeIP)
    }

    private static func controlPlane(_ flags: FlagValues, nodeIP: String) throws -> ControlPlane? {
        let tree = flags.tree("controlPlane")
        guard flags.bool("control-plane") || tree != nil else {
            for flag in ["certificate-key", "apiserver-advertise-address", "apiserver-bind-port"] where flags.isGiven(flag) {
                throw FlagProblem("--\(flag) is of use only with --control-plane")
            }
            return nil
        }
        let fields = try StrictFields(tree ?? [:], "controlPlane", known: ["localAPIEndpoint", "certificateKey"])
        let endpoint = try StrictFields(fields["localAPIEndpoint"] ?? [:], "controlPlane.localAPIEndpoint", known: ["advertiseAddress", "bindPort"])
        let address = flags.text("apiserver-advertise-address") ?? endpoint.text("advertiseAddress") ?? nodeIP
        guard IPLiteral.isValid(address) else { throw FlagProblem("--apiserver-advertise-address \(address) must be an IP address") }
        var port = try flags.port("apiserver-bind-port")
        if !flags.isGiven("apiserver-bind-port"), let given = endpoint["bindPort"]?.integerValue {
            guard let number = UInt16(exactly: given) else { throw FlagProblem("controlPlane.localAPIEndpoint.bindPort must be between 0 and 65535") }
            port = Int(number)
        }
        return ControlPlane(
            advertiseAddress: address, bindPort: port,
            certificateKey: try CertificateKey(flag: flags.text("certificate-key") ?? fields.text("certificateKey")))
    }

    private static func way(_ flags: FlagValues, _ token: BootstrapToken?, _ endpoint: String?) throws(FlagProblem) -> Way {
        guard let endpoint = endpoint ?? flags.text("discovery.bootstrapToken.apiServerEndpoint") else {
            throw FlagProblem(
                "kubeadm join needs the API server's address: kubeadm join HOST:PORT --token ... --discovery-token-ca-cert-hash ...;"
                    + " kubeadm token create --print-join-command on the control plane prints the whole line")
        }
        let server = endpoint.hasPrefix("https://") ? endpoint : "https://\(endpoint)"
        guard endpoint.split(separator: ":").last.flatMap({ UInt16($0) }) != nil, !endpoint.hasPrefix("http://") else {
            throw FlagProblem("\"\(endpoint)\" must be the API server's address with its port, such as 10.0.2.15:6443")
        }
        guard let token else {
            throw FlagProblem("--token must be given, in the form \(BootstrapToken.form); kubeadm token create on the control plane makes one")
        }
        let hashes = flags.list("discovery-token-ca-cert-hash").map { $0.lowercased() }
        for hash in hashes where !AuthorityHash.isValid(hash) {
            throw FlagProblem("--discovery-token-ca-cert-hash \(hash) must be sha256: and 64 hexadecimal digits")
        }
        guard !hashes.isEmpty || flags.bool("discovery-token-unsafe-skip-ca-verification") else {
            throw FlagProblem(
                "--discovery-token-ca-cert-hash must be given, or --discovery-token-unsafe-skip-ca-verification to believe whoever knows the token")
        }
        return .token(server: server, token: token, hashes: hashes)
    }

    private static func token(_ flags: FlagValues, _ flag: String) throws(FlagProblem) -> BootstrapToken? {
        guard let text = flags.text(flag) else { return nil }
        guard let token = BootstrapToken(text) else {
            throw FlagProblem("--\(flag) must have the form \(BootstrapToken.form); kubeadm token create on the control plane makes one")
        }
        return token
    }
}
