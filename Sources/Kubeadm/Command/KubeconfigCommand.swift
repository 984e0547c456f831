import Flags
import Glibc
import KubernetesClient
import PKI

/// `kubeadm kubeconfig user`: a kubeconfig for one more person or program.
enum KubeconfigCommand: KubeadmCommand {
    static let name = "kubeconfig"
    static let summary = "Make a kubeconfig for a user"

    private static let table = FlagTable(
        program: "kubeadm kubeconfig user", summary: "Prints a kubeconfig for a user, with a client certificate or with a token.",
        text: """
            [Kubeconfig]
              client-name              string   -        -  the user's name
              org                      list     -        -  the user's groups
              token                    string   -        -  a token to show instead of a certificate
              validity-period          duration 8760h0m0s - how long the certificate counts
              config                   string   -        -  file with ClusterConfiguration, which names the cluster
              cert-dir                 string   /etc/kubernetes/pki - the folder of the authority with its key
              kubeconfig-dir           string   /etc/kubernetes -    where admin.conf is, which says where the cluster is
            """)

    static func run(_ arguments: [String]) async throws {
        let (words, rest) = Positional.split(arguments, table)
        let flags = try FlagValues(table, arguments: rest)
        if flags.wantsHelp || words.isEmpty { return Say.line(HelpText.of(table)) }
        guard words == ["user"] else { throw FlagProblem("kubeadm kubeconfig has no \"\(words.joined(separator: " "))\": user") }
        guard let name = flags.text("client-name") else { throw FlagProblem("kubeadm kubeconfig user needs --client-name") }
        Say.line(try text(name, flags))
    }

    private static func isPartOfToken(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) && byte > 0x40 || "-._~+/=".utf8.contains(byte)
    }

    private static func text(_ name: String, _ flags: FlagValues) throws -> String {
        let folder = flags.string("cert-dir")
        var cluster = "kubernetes"
        var server: String?
        if let path = flags.text("config") {
            let file = try SettingsFile(InitFlags.table, ["--config", path], kinds: InitSettings.kinds)
            let settings = try InitSettings(file)
            cluster = settings.clusterName
            if !settings.controlPlaneEndpoint.isEmpty { server = settings.server }
        }
        let address = try server ?? Kubeconfig.load(path: "\(flags.string("kubeconfig-dir"))/admin.conf").connection().server
        if let token = flags.text("token") {
            guard token.utf8.allSatisfy({ isPartOfToken($0) }) else {
                throw FlagProblem("--token must be letters, digits and -._~+/= as bearer tokens are")
            }
            guard let authority = try SecretFile.read("\(folder)/ca.crt") else { throw KubeadmError("\(folder)/ca.crt: there is no such file") }
            return KubeconfigFile.text(server: address, authorityPEM: authority, user: name, token: token, cluster: cluster)
        }
        guard let authority = try PlannedAuthority.cluster.load(from: folder) else {
            throw KubeadmError("\(folder)/ca.crt: there is no such file; a certificate can be made only where the authority is")
        }
        let spec = CertificateSpec.client(user: name, groups: flags.list("org"), validity: flags.duration("validity-period"))
        let (certificate, key) = try authority.issue(spec, now: Int64(time(nil)))
        return KubeconfigFile(
            server: address, authorityPEM: try authority.certificate.pem(), user: name, certificatePEM: try certificate.pem(), keyPEM: try key.pem(),
            cluster: cluster
        ).text
    }
}
