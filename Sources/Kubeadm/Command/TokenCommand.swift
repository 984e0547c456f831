import CoreV1
import Flags
import Glibc
import JSON
import KubernetesAPI
import KubernetesClient
import Linux

/// `kubeadm token create|list|delete|generate`.
enum TokenCommand: KubeadmCommand {
    static let name = "token"
    static let summary = "Manage bootstrap tokens"

    static let table = FlagTable(
        program: "kubeadm token", summary: "Manages the tokens by which machines join: create [TOKEN], list, delete TOKEN..., generate.",
        text: """
            [Token]
              kubeconfig           string    -         -  kubeconfig of an administrator; /etc/kubernetes/admin.conf if not given
              config               string    -         -  file with InitConfiguration, whose first bootstrapTokens counts
              description          string    -         -  what the token is for
              groups               list      system:bootstrappers:kubeadm:default-node-token - groups of who shows the token
              ttl                  duration  24h0m0s   -  the token's life; 0 for ever
              usages               list      signing,authentication - what the token is for
              print-join-command   bool      false     -  print the command by which a machine joins
              certificate-key      string    -         -  with --print-join-command: the key of the uploaded certificates, for a further control plane
            ! output               string    text      -  only text is written
            ! dry-run              bool      false     -  doing as if
            """)

    static func run(_ arguments: [String]) async throws {
        var (words, rest) = Positional.split(arguments, table)
        let flags = try FlagValues(table, arguments: rest)
        guard let verb = words.first, !flags.wantsHelp else { return Say.line(HelpText.of(table)) }
        words.removeFirst()
        switch verb {
        case "generate": Say.line(BootstrapToken.random().text)
        case "create":
            guard words.count < 2 else { throw FlagProblem("kubeadm token create takes one token, not \"\(words.joined(separator: " "))\"") }
            try await create(words.first, flags)
        case "list": try await list(flags)
        case "delete":
            guard !words.isEmpty else { throw FlagProblem("kubeadm token delete needs the tokens, or the first six letters of each") }
            for word in words { try await delete(word, flags) }
        default: throw FlagProblem("kubeadm token has no \"\(verb)\": create, list, delete, generate")
        }
    }

    private static func kubeconfig(_ flags: FlagValues) -> String {
        if let given = flags.text("kubeconfig") { return given }
        let standard = "/etc/kubernetes/admin.conf"
        if !Files.exists(standard), let path = getenv("KUBECONFIG") { return String(cString: path) }
        return standard
    }

    private static func spec(_ word: String?, _ flags: FlagValues) throws -> BootstrapTokenSpec {
        if let path = flags.text("config") {
            let file = try SettingsFile(InitFlags.table, ["--config", path], kinds: InitSettings.kinds)
            if let item = file.flags.tree("bootstrapTokens")?[0] { return try BootstrapTokenSpec(item, field: "bootstrapTokens[0]") }
        }
        guard let token = word.map(BootstrapToken.init) ?? .random() else { throw FlagProblem("the token must have the form \(BootstrapToken.form)") }
        return try BootstrapTokenSpec(
            token: token, life: flags.duration("ttl"), description: flags.string("description"), groups: flags.list("groups"),
            usages: flags.list("usages"))
    }

    private static func create(_ word: String?, _ flags: FlagValues) async throws {
        let spec = try spec(word, flags)
        let key = try CertificateKey(flag: flags.text("certificate-key"))
        guard key == nil || flags.bool("print-join-command") else { throw FlagProblem("--certificate-key is only for --print-join-command") }
        let path = kubeconfig(flags)
        let client = try ClusterObjects.client(path)
        do {
            _ = try await client.post(path: "/api/v1/namespaces/\(BootstrapTokenSpec.namespace)/secrets", spec.object(now: Int64(time(nil))))
        } catch let error as APIStatusError where error.isAlreadyExists {
            throw KubeadmError("a token with id \"\(spec.token.id)\" already exists")
        }
        guard flags.bool("print-join-command") else { return Say.line(spec.token.text) }
        Say.line(try JoinLine.text(kubeconfig: path, token: spec.token, role: key.map { .controlPlane($0) } ?? .worker))
    }

    private static func list(_ flags: FlagValues) async throws {
        let secrets = try await ClusterObjects.client(kubeconfig(flags)).list(
            Secret.self, namespace: BootstrapTokenSpec.namespace, ListOptions(fieldSelector: "type=\(BootstrapTokenSpec.secretType)"))
        // The second that has begun is no longer left: a token that lives for a day shows 23 hours.
        let now = (TimeSource.system.wallMicroseconds() + 999_999) / 1_000_000
        for line in Columns.text(TokenList.rows(secrets.items, now: now)) { Say.line(line) }
    }

    private static func delete(_ word: String, _ flags: FlagValues) async throws {
        guard let id = BootstrapToken.id(of: word) else {
            throw FlagProblem("\"\(word)\" is no token, nor the first six letters of one: [a-z0-9]{6} or \(BootstrapToken.form)")
        }
        do {
            try await ClusterObjects.client(kubeconfig(flags)).delete(
                Secret.self, "bootstrap-token-\(id)", namespace: BootstrapTokenSpec.namespace)
        } catch let error as APIStatusError where error.isNotFound {
            throw KubeadmError("there is no bootstrap token \"\(id)\"; kubeadm token list shows those that there are")
        }
        Say.line("bootstrap token \"\(id)\" deleted")
    }
}

/// What `kubeadm token list` shows.
enum TokenList {
    static func rows(_ secrets: [Secret], now: Int64) -> [[String]] {
        var rows = [["TOKEN", "TTL", "EXPIRES", "USAGES", "DESCRIPTION", "EXTRA GROUPS"]]
        for secret in secrets {
            func text(_ key: String) -> String { String(decoding: secret.data[key] ?? [], as: UTF8.self) }
            let usages = ["authentication", "signing"].filter { text("usage-bootstrap-\($0)") == "true" }
            let expires = text("expiration")
            let end = Time(expires)?.seconds
            rows.append([
                "\(text("token-id")).\(text("token-secret"))", expires.isEmpty ? "<forever>" : end.map { left($0 - now) } ?? "<invalid>",
                expires.isEmpty ? "<never>" : expires, usages.isEmpty ? "<none>" : usages.joined(separator: ","),
                text("description").isEmpty ? "<none>" : text("description"),
                text("auth-extra-groups").isEmpty ? "<none>" : text("auth-extra-groups"),
            ])
        }
        return rows
    }

    /// The greatest unit of a time to come.
    private static func left(_ seconds: Int64) -> String {
        switch seconds {
        case ..<0: "<invalid>"
        case ..<60: "\(seconds)s"
        case ..<3600: "\(seconds / 60)m"
        case ..<(48 * 3600): "\(seconds / 3600)h"
        default: "\(seconds / 86400)d"
        }
    }
}
