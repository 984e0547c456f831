import Flags
import Glibc
import JSON
import KubernetesClient
import Linux
import Logging
import PKI

/// `kubeadm join HOST:PORT --token ... --discovery-token-ca-cert-hash ...`
enum JoinCommand: KubeadmCommand {
    static let name = "join   "
    static let summary = "Join this machine to a cluster"

    static let table = FlagTable(
        program: "kubeadm join",
        summary: "Makes this machine a node of a cluster that is there: kubeadm join HOST:PORT --token TOKEN --discovery-token-ca-cert-hash HASH",
        text: """
            [Join]
              token                             string  -  -  the token for discovery and for the node's first request
              discovery-token                   string  -  -  the token for discovery, where it is another one
              tls-bootstrap-token               string  -  -  the token for the node's first request, where it is another one
              discovery-token-ca-cert-hash      list    -  -  digests of the authorities' public keys, one of which must fit: sha256:<hex>
              discovery-token-unsafe-skip-ca-verification bool false - believe whoever knows the token
              node-name                         string  -  -  the node's name; the machine's host name if not given
              node-ip                           string  -  -  the node's address; that of the default route if not given
              cri-socket                        string  unix:///run/containerd/containerd.sock - the container runtime's socket
              ignore-preflight-errors           list    -  -  checks whose failures are warnings; all for every one
              kubeconfig-dir                    string  /etc/kubernetes - the folder of kubeconfigs
              skip-phases                       list    -  -  phases to leave out: preflight, kubelet-start
            ! config                            string  -  -  a JoinConfiguration
            ! control-plane                     bool    false - several control planes
            ! discovery-file                    string  -  -  discovery by a file
            ! certificate-key                   string  -  -  several control planes
            ! apiserver-advertise-address       string  -  -  several control planes
            ! patches                           string  -  -  patches of files
            ! dry-run                           bool    false - doing as if
            """)

    static func run(_ arguments: [String]) async throws {
        var rest = arguments
        var endpoint: String?
        if let index = rest.indices.first(where: { index in !rest[index].hasPrefix("-") && (index == 0 || isValue(rest, index) == false) }) {
            endpoint = rest.remove(at: index)
        }
        let flags = try FlagValues(table, arguments: rest)
        if flags.wantsHelp { return Say.line(HelpText.of(table)) }
        guard let endpoint else { throw FlagProblem("kubeadm join needs the address of the API server: HOST:PORT") }
        let settings = try JoinSettings(flags, endpoint: endpoint)
        if !flags.list("skip-phases").contains("preflight") { try await preflight(settings) }
        let discovery = try await Discovery(settings: settings).run()
        try await KubeletStart(settings: settings, discovery: discovery).run()
        Say.line(
            """

            This node has joined the cluster:
            * Certificate signing request was sent to apiserver and a response was received.
            * The Kubelet was informed of the new secure connection details.

            Run 'kubectl get nodes' on the control-plane to see this node join the cluster.

            """)
    }

    /// Whether a word is the value of the flag before it.
    private static func isValue(_ words: [String], _ index: Int) -> Bool {
        let before = words[index - 1]
        guard before.hasPrefix("--"), !before.contains("=") else { return before == "-v" }
        return table.entry(flag: String(before.dropFirst(2)))?.kind != .bool
    }

    private static func preflight(_ settings: JoinSettings) async throws {
        Say.line("[preflight] Running pre-flight checks")
        var problems: [(String, String)] = []
        if geteuid() != 0 { problems.append(("IsPrivilegedUser", "user is not running as root: run it with sudo")) }
        for path in [settings.kubeconfig, settings.authorityPath] where Files.exists(path) {
            problems.append(
                (
                    "FileAvailable-" + path.split(separator: "/").joined(separator: "-"),
                    "\(path) already exists: this machine belongs to a cluster; kubeadm reset takes it out"
                ))
        }
        if let problem = PortCheck.problem(10250) { problems.append(("Port-10250", problem)) }
        let socket = settings.criSocket.hasPrefix("unix://") ? String(settings.criSocket.dropFirst(7)) : settings.criSocket
        if !Files.exists(socket) {
            problems.append(
                ("CRI", "container runtime is not running: there is no socket \(socket); start containerd, or name another socket with --cri-socket"))
        }
        let (ignored, fatal) = (
            problems.filter { settings.ignores($0.0) }, problems.filter { !settings.ignores($0.0) }
        )
        for (check, problem) in ignored { Say.error("\t[WARNING \(check)]: \(problem)") }
        guard fatal.isEmpty else {
            throw KubeadmError("[preflight] Some fatal errors occurred:\n" + fatal.map { "\t[ERROR \($0.0)]: \($0.1)" }.joined(separator: "\n"))
        }
        if !ignored.contains(where: { $0.0 == "CRI" }) {
            try await KubeadmImages.ensure(socket: settings.criSocket, folder: "/var/lib/kubeadm/images")
        }
    }
}

/// What `kubeadm join` is told.
struct JoinSettings: Sendable {
    var server: String
    var discoveryToken: String
    var bootstrapToken: String
    var hashes: [String]
    var nodeName: String
    var nodeIP: String
    var criSocket: String
    var folder: String
    var ignoredChecks: Set<String>

    var kubeconfig: String { "\(folder)/kubelet.conf" }
    var bootstrapKubeconfig: String { "\(folder)/bootstrap-kubelet.conf" }
    var authorityPath: String { "\(folder)/pki/ca.crt" }

    func ignores(_ check: String) -> Bool { ignoredChecks.contains("all") || ignoredChecks.contains(check.lowercased()) }

    /// - Throws: `FlagProblem`.
    init(_ flags: FlagValues, endpoint: String) throws {
        guard endpoint.contains(":") else {
            throw FlagProblem("\"\(endpoint)\" must be the API server's address with its port, such as 10.0.2.15:6443")
        }
        server = "https://\(endpoint)"
        discoveryToken = flags.text("discovery-token") ?? flags.string("token")
        bootstrapToken = flags.text("tls-bootstrap-token") ?? flags.string("token")
        for token in [discoveryToken, bootstrapToken] where !BootstrapToken.isValid(token) {
            throw FlagProblem("--token must be given, in the form [a-z0-9]{6}.[a-z0-9]{16}; kubeadm token create on the control plane makes one")
        }
        hashes = flags.list("discovery-token-ca-cert-hash")
        for hash in hashes where !hash.hasPrefix("sha256:") || hash.utf8.count != 71 {
            throw FlagProblem("--discovery-token-ca-cert-hash \(hash) must be sha256: and 64 hexadecimal digits")
        }
        guard !hashes.isEmpty || flags.bool("discovery-token-unsafe-skip-ca-verification") else {
            throw FlagProblem(
                "--discovery-token-ca-cert-hash must be given, or --discovery-token-unsafe-skip-ca-verification to believe whoever knows the token")
        }
        nodeName = HostName.node(flags.text("node-name"))
        nodeIP = try flags.text("node-ip") ?? NodeAddress.detect()
        criSocket = flags.string("cri-socket")
        folder = flags.string("kubeconfig-dir")
        ignoredChecks = Set(flags.list("ignore-preflight-errors").map { $0.lowercased() })
    }
}
