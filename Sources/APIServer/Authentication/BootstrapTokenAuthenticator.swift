import JSON
import KubernetesAPI
import PKI

/// The tokens with which new nodes join: secrets of the type `bootstrap.kubernetes.io/token` in `kube-system`.
///
/// A token is `<id>.<secret>`; it makes its bearer `system:bootstrap:<id>` in the group `system:bootstrappers` and the groups that the secret names.
package struct BootstrapTokenAuthenticator: TokenAuthenticator {
    static let namespace = "kube-system"
    static let namePrefix = "bootstrap-token-"
    static let type = "bootstrap.kubernetes.io/token"
    static let group = "system:bootstrappers"
    private static let idLength = 6
    private static let secretLength = 16

    private let lookup: ServiceAccountAuthenticator.Lookup
    private let audience: ServerAudience

    /// - Parameter audiences: the API server's own.
    package init(lookup: @escaping ServiceAccountAuthenticator.Lookup, audiences: [String]) {
        self.lookup = lookup
        audience = ServerAudience(audiences: audiences)
    }

    package func authenticate(token: String, audiences: [String], now: Int64) -> TokenVerdict {
        guard let (id, secret) = Self.parse(token) else { return .unknown }
        guard let object = lookup("secrets", Self.namespace, Self.namePrefix + id) else {
            return .rejected(reason: "there is no bootstrap token \(goQuoted(id))")
        }
        if let flaw = Self.flaw(of: object, id: id, secret: secret, now: now) { return .rejected(reason: "bootstrap token \(goQuoted(id)) \(flaw)") }
        guard let groups = Self.groups(of: object) else {
            return .rejected(reason: "bootstrap token \(goQuoted(id)) names a group outside of \(Self.group):")
        }
        return audience.verdict(UserInfo(name: "system:bootstrap:\(id)", groups: groups), wanted: audiences)
    }

    /// Id and secret of a token in the right form.
    static func parse(_ token: String) -> (id: String, secret: String)? {
        let bytes = token.utf8
        guard bytes.count == idLength + 1 + secretLength else { return nil }
        for (index, byte) in bytes.enumerated() {
            if index == idLength {
                guard byte == UInt8(ascii: ".") else { return nil }
            } else {
                guard (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else {
                    return nil
                }
            }
        }
        return (String(token.prefix(idLength)), String(token.suffix(secretLength)))
    }

    /// What speaks against the token; nil if nothing does.
    private static func flaw(of object: JSONValue, id: String, secret: String, now: Int64) -> String? {
        // The secret first and in constant time, so that what else is wrong is told to nobody who does not know it.
        guard let kept = data(object, "token-secret"), !kept.isEmpty, constantTimeEqual(kept, Array(secret.utf8)) else { return "has another secret" }
        if object.at("metadata", "deletionTimestamp") != nil { return "is being deleted" }
        if object.text("type") != type { return "is not in a secret of type \(type)" }
        if text(object, "token-id") != id { return "is in a secret that names another id" }
        if let expiration = text(object, "expiration"), !expiration.isEmpty {
            guard let end = Time(expiration) else { return "has an expiration that is not a time" }
            if end.seconds < now { return "has expired" }
        }
        if text(object, "usage-bootstrap-authentication") != "true" { return "is not for authentication" }
        return nil
    }

    /// Nil if one of them is not a group of bootstrappers.
    private static func groups(of object: JSONValue) -> [String]? {
        var groups = [group]
        let extra = (text(object, "auth-extra-groups") ?? "").split(separator: ",").map(String.init)
        for name in extra {
            guard isBootstrapGroup(name) else { return nil }
            if !groups.contains(name) { groups.append(name) }
        }
        return groups
    }

    /// `system:bootstrappers:` and then small letters, digits, `:` and `-`, with a letter or digit at the end, at most 256 in all.
    static func isBootstrapGroup(_ name: String) -> Bool {
        let prefix = group + ":"
        guard name.hasPrefix(prefix) else { return false }
        let rest = name.utf8.dropFirst(prefix.utf8.count)
        guard (1...256).contains(rest.count), let last = rest.last else { return false }
        func isWord(_ byte: UInt8) -> Bool {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        return isWord(last) && rest.allSatisfy { isWord($0) || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "-") }
    }

    private static func data(_ object: JSONValue, _ key: String) -> [UInt8]? {
        object["data"]?[key]?.stringValue.flatMap { Base64.decode($0) }
    }

    private static func text(_ object: JSONValue, _ key: String) -> String? {
        data(object, key).map { String(decoding: $0, as: UTF8.self) }
    }
}
