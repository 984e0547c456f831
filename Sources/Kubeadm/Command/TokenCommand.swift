import CoreV1
import Flags
import JSON
import KubernetesAPI
import KubernetesClient
import Logging

/// `kubeadm token create|list|delete|generate`.
enum TokenCommand: KubeadmCommand {
    static let name = "token  "
    static let summary = "Manage bootstrap tokens"

    private static let table = FlagTable(
        program: "kubeadm token", summary: "Manages the tokens by which machines join: create [TOKEN], list, delete TOKEN..., generate.",
        text: """
            [Token]
              kubeconfig           string    /etc/kubernetes/admin.conf - kubeconfig of an administrator
              config               string    -         -  configuration file
              description          string    -         -  what the token is for
              groups               list      system:bootstrappers:kubeadm:default-node-token - groups of who shows the token
              ttl                  duration  24h0m0s   -  the token's life; 0 for ever
              usages               list      signing,authentication - what the token is for
              print-join-command   bool      false     -  print the command by which a machine joins
              cert-dir             string    /etc/kubernetes/pki - the folder of certificates
            ! certificate-key      string    -         -  several control planes
            """)

    static func run(_ arguments: [String]) async throws {
        let verb = arguments.first ?? "--help"
        var rest = Array(arguments.dropFirst())
        var names: [String] = []
        while let first = rest.first, !first.hasPrefix("-") {
            names.append(first)
            rest.removeFirst()
        }
        let flags = try FlagValues(table, arguments: verb.hasPrefix("-") ? arguments : rest)
        if flags.wantsHelp { return Say.line(HelpText.of(table)) }
        switch verb {
        case "generate": Say.line(BootstrapToken.random())
        case "create": try await create(names.first ?? BootstrapToken.random(), flags)
        case "list": try await list(flags)
        case "delete":
            guard !names.isEmpty else { throw FlagProblem("kubeadm token delete needs the tokens, or the first six letters of each") }
            for name in names { try await delete(name, flags) }
        default: throw FlagProblem("kubeadm token has no \"\(verb)\": create, list, delete, generate")
        }
    }

    private static func client(_ flags: FlagValues) throws -> Client {
        let connection = try Kubeconfig.load(path: flags.string("kubeconfig")).connection()
        return Client(transport: try HTTPSTransport(connection, logger: Logger(label: "kubeadm")), userAgent: "kubeadm/\(ApusVersion.kubernetes)")
    }

    private static func create(_ token: String, _ flags: FlagValues) async throws {
        guard BootstrapToken.isValid(token) else { throw FlagProblem("the token must have the form [a-z0-9]{6}.[a-z0-9]{16}") }
        let life = flags.duration("ttl")
        let secret = BootstrapTokenSecret(
            token: token, life: life > .zero ? life : nil, description: flags.string("description"), groups: flags.list("groups"),
            usages: flags.list("usages"))
        let client = try client(flags)
        _ = try await client.post(path: "/api/v1/namespaces/kube-system/secrets", secret.object)
        guard flags.bool("print-join-command") else { return Say.line(token) }
        let server = try Kubeconfig.load(path: flags.string("kubeconfig")).connection().server.dropFirst("https://".count)
        Say.line(
            "kubeadm join \(server) --token \(token) --discovery-token-ca-cert-hash \(try ClosingMessage.authorityHash(flags.string("cert-dir"))) ")
    }

    private static func list(_ flags: FlagValues) async throws {
        let found = try await client(flags).list(
            Secret.self, namespace: "kube-system", ListOptions(fieldSelector: "type=bootstrap.kubernetes.io/token"))
        var rows = [["TOKEN", "EXPIRES", "USAGES", "DESCRIPTION", "EXTRA GROUPS"]]
        for secret in found.items {
            func text(_ key: String) -> String { String(decoding: secret.data[key] ?? [], as: UTF8.self) }
            let usages = ["authentication", "signing"].filter { text("usage-bootstrap-\($0)") == "true" }
            let expires = text("expiration")
            rows.append([
                "\(text("token-id")).\(text("token-secret"))", expires.isEmpty ? "<never>" : expires, usages.joined(separator: ","),
                text("description").isEmpty ? "<none>" : text("description"), text("auth-extra-groups"),
            ])
        }
        for line in Columns.text(rows) { Say.line(line) }
    }

    private static func delete(_ name: String, _ flags: FlagValues) async throws {
        let id = String(name.prefix(6))
        guard id.count == 6 else { throw FlagProblem("\"\(name)\" is no token, nor the first six letters of one") }
        try await client(flags).delete(Secret.self, "bootstrap-token-\(id)", namespace: "kube-system")
        Say.line("bootstrap token \"\(id)\" deleted")
    }
}

/// Rows with columns of one width.
enum Columns {
    static func text(_ rows: [[String]]) -> [String] {
        let count = rows.map(\.count).max() ?? 0
        let widths = (0..<count).map { column in rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
        return rows.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                line += column == row.count - 1 ? cell : cell + String(repeating: " ", count: widths[column] - cell.count + 3)
            }
            return line
        }
    }
}
