import Flags
import JSON
import KubernetesAPI
import PKI

/// A token by which machines join: `abcdef.0123456789abcdef`, the first part known to everybody, the second a secret.
package struct BootstrapToken: Sendable, Equatable {
    package static let form = "[a-z0-9]{6}.[a-z0-9]{16}"

    package let id: String
    package let secret: String

    package var text: String { "\(id).\(secret)" }

    /// Nil for a text that has not the form of a token.
    package init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, Self.isPlain(parts[0], 6), Self.isPlain(parts[1], 16) else { return nil }
        id = String(parts[0])
        secret = String(parts[1])
    }

    private init(id: String, secret: String) {
        self.id = id
        self.secret = secret
    }

    package static func random() -> BootstrapToken {
        BootstrapToken(id: RandomToken.alphanumeric(6), secret: RandomToken.alphanumeric(16))
    }

    /// The id of a token, or of an id by itself.
    static func id(of text: String) -> String? {
        isPlain(text[...], 6) ? text : BootstrapToken(text)?.id
    }

    private static func isPlain(_ part: Substring, _ count: Int) -> Bool {
        part.utf8.count == count
            && part.utf8.allSatisfy {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
            }
    }
}

/// A token with what it is good for, as the Secret that it is in the cluster.
package struct BootstrapTokenSpec: Sendable {
    static let namespace = "kube-system"
    static let secretType = "bootstrap.kubernetes.io/token"
    static let defaultGroup = "system:bootstrappers:kubeadm:default-node-token"
    static let defaultLife: Duration = .seconds(24 * 3600)
    private static let allUsages = ["signing", "authentication"]

    package var token: BootstrapToken
    /// Nil: for ever.
    package var life: Duration?
    package var description: String
    package var groups: [String]
    package var usages: [String]

    /// - Parameter life: nothing or less is for ever, as upstream has it.
    /// - Throws: `FlagProblem` when a group or usage cannot be.
    init(
        token: BootstrapToken, life: Duration = defaultLife, description: String = "", groups: [String] = [defaultGroup],
        usages: [String] = allUsages
    ) throws(FlagProblem) {
        for group in groups where !Self.isGroup(group) {
            throw FlagProblem("the group \"\(group)\" must be system:bootstrappers: followed by small letters, digits, colons and dashes")
        }
        for usage in usages where !Self.allUsages.contains(usage) {
            throw FlagProblem("the usage \"\(usage)\" must be one of \(Self.allUsages.joined(separator: ", "))")
        }
        self.token = token
        self.life = life > .zero ? life : nil
        self.description = description
        self.groups = groups
        self.usages = usages
    }

    /// From an item of `bootstrapTokens` in InitConfiguration.
    init(_ tree: JSONValue, field: String) throws(FlagProblem) {
        func list(_ key: String) -> [String]? { tree[key]?.arrayValue?.compactMap(\.stringValue) }
        let text = tree["token"]?.stringValue ?? BootstrapToken.random().text
        guard let token = BootstrapToken(text) else { throw FlagProblem("\(field).token must have the form \(BootstrapToken.form)") }
        var life = Self.defaultLife
        if let text = tree["ttl"]?.stringValue {
            guard let given = GoDuration.parse(text) else { throw FlagProblem("\(field).ttl must be a duration such as 24h0m0s") }
            life = given
        }
        try self.init(
            token: token, life: life, description: tree["description"]?.stringValue ?? "", groups: list("groups") ?? [Self.defaultGroup],
            usages: list("usages") ?? Self.allUsages)
    }

    /// - Parameter now: seconds since 1970; the token's life begins then.
    func object(now: Int64) -> JSONValue {
        var data: JSONObject = [
            "token-id": .string(token.id), "token-secret": .string(token.secret), "auth-extra-groups": .string(groups.joined(separator: ",")),
        ]
        if !description.isEmpty { data["description"] = .string(description) }
        if let life { data["expiration"] = .string("\(Time(seconds: now + life.components.seconds))") }
        for usage in usages { data["usage-bootstrap-\(usage)"] = "true" }
        return [
            "apiVersion": "v1", "kind": "Secret", "type": .string(Self.secretType),
            "metadata": ["name": .string("bootstrap-token-\(token.id)"), "namespace": .string(Self.namespace)], "stringData": .object(data),
        ]
    }

    private static func isGroup(_ group: String) -> Bool {
        let prefix = "system:bootstrappers:"
        guard group.hasPrefix(prefix) else { return false }
        let rest = group.utf8.dropFirst(prefix.utf8.count)
        func isWord(_ byte: UInt8) -> Bool {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        return (1...256).contains(rest.count) && rest.last.map(isWord) == true
            && rest.allSatisfy { isWord($0) || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "-") }
    }
}
