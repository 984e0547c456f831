package import JSON
package import PKI
import Synchronization

/// Turns the token of a service account into a user, as long as the account and the object that the token is bound to exist.
package final class ServiceAccountAuthenticator: TokenAuthenticator {
    /// Finds an object as of now. Nil if there is none.
    package typealias Lookup = @Sendable (_ resource: String, _ namespace: String, _ name: String) -> JSONValue?

    /// Tokens whose signature has been checked. A signature check costs far more than a look into a table.
    private static let cacheEntriesMax = 4096

    private struct CacheKey: Hashable {
        var token: String
        var audiences: [String]
    }

    private let tokens: ServiceAccountTokens
    private let lookup: Lookup
    /// Told of the secret whose token was used, and when.
    private let noteUse: @Sendable (JSONValue, Int64) -> Void
    private let checked = Mutex<[CacheKey: ServiceAccountClaims]>([:])

    /// - Parameter lookup: for `serviceaccounts`, `pods`, `secrets` and `nodes` of the core group, and others as `plural.group`. Must not block.
    package init(
        tokens: ServiceAccountTokens, lookup: @escaping Lookup, noteUse: @escaping @Sendable (_ secret: JSONValue, _ now: Int64) -> Void = { _, _ in }
    ) {
        self.tokens = tokens
        self.lookup = lookup
        self.noteUse = noteUse
    }

    package func authenticate(token: String, audiences: [String], now: Int64) -> TokenVerdict {
        do {
            guard let claims = try check(token, audiences: audiences, now: now) else { return .unknown }
            let secret = claims.isLegacy ? Optional.some(try checkLegacy(claims, token)) : .none
            try checkLife(claims)
            if let secret { try checkMark(secret, claims, now: now) }
            return .user(Self.user(claims), audiences: audiences.filter { claims.audiences.contains($0) })
        } catch {
            return .rejected(reason: error.description)
        }
    }

    /// Nil for a token of somebody else's.
    private func check(_ token: String, audiences: [String], now: Int64) throws(PKIError) -> ServiceAccountClaims? {
        let key = CacheKey(token: token, audiences: audiences)
        if let claims = checked.withLock({ $0[key] }) {
            if now < claims.expires { return claims }
            checked.withLock { _ = $0.removeValue(forKey: key) }
        }
        guard tokens.hasOwnIssuer(token) else { return nil }
        let claims = try tokens.verify(token, audiences: audiences, now: now)
        checked.withLock { checked in
            if checked.count >= Self.cacheEntriesMax { checked.removeAll(keepingCapacity: true) }
            checked[key] = claims
        }
        return claims
    }

    /// A token without an end counts as long as it stands in its secret.
    private func checkLegacy(_ claims: ServiceAccountClaims, _ token: String) throws(PKIError) -> JSONValue {
        guard let name = claims.secret?.name, let secret = lookup("secrets", claims.namespace, name),
            secret.at("metadata", "deletionTimestamp") == nil, let kept = Base64.decode(secret.text("data", "token")),
            constantTimeEqual(kept, Array(token.utf8))
        else { throw .tokenRejected(reason: "it does not stand in the secret that it names") }
        return secret
    }

    /// One that was not used for long has been marked.
    private func checkMark(_ secret: JSONValue, _ claims: ServiceAccountClaims, now: Int64) throws(PKIError) {
        noteUse(secret, now)
        let mark = LegacyTokenUses.invalidSince
        guard secret.at("metadata", "labels")?.text(mark).isEmpty == false else { return }
        throw .tokenRejected(
            reason:
                "the token in secret \(claims.namespace)/\(secret.text("metadata", "name")) for service account \(claims.namespace)/\(claims.serviceAccount.name) has been marked invalid. Use tokens from the TokenRequest API or manually created secret-based tokens, or remove the '\(mark)' label from the secret to temporarily allow use of this token"
        )
    }

    private func checkLife(_ claims: ServiceAccountClaims) throws(PKIError) {
        let account = claims.serviceAccount
        guard let found = lookup("serviceaccounts", claims.namespace, account.name) else {
            throw .tokenRejected(reason: "the service account \(claims.namespace)/\(account.name) does not exist")
        }
        guard uid(found) == account.uid else {
            throw .tokenRejected(reason: "the service account \(claims.namespace)/\(account.name) is another than the token's")
        }
        if let pod = claims.pod { try checkBound("pods", claims.namespace, pod) }
        if let secret = claims.secret { try checkBound("secrets", claims.namespace, secret) }
        // A pod's token also names its node, which may go before the pod does.
        if let node = claims.node, claims.pod == nil, claims.secret == nil { try checkBound("nodes", "", node) }
    }

    private func checkBound(_ resource: String, _ namespace: String, _ bound: ServiceAccountClaims.Reference) throws(PKIError) {
        guard let found = lookup(resource, namespace, bound.name), bound.uid.isEmpty || uid(found) == bound.uid else {
            throw .tokenRejected(reason: "the object that the token is bound to does not exist: \(resource) \(bound.name)")
        }
    }

    private func uid(_ object: JSONValue) -> String? { object["metadata"]?["uid"]?.stringValue }

    private static func user(_ claims: ServiceAccountClaims) -> UserInfo {
        var user = UserInfo.serviceAccount(namespace: claims.namespace, name: claims.serviceAccount.name, uid: claims.serviceAccount.uid)
        if claims.isLegacy { return user }
        if !claims.id.isEmpty { user.extra["authentication.kubernetes.io/credential-id"] = ["JTI=\(claims.id)"] }
        if let pod = claims.pod {
            user.extra["authentication.kubernetes.io/pod-name"] = [pod.name]
            user.extra["authentication.kubernetes.io/pod-uid"] = [pod.uid]
        }
        if let node = claims.node {
            user.extra["authentication.kubernetes.io/node-name"] = [node.name]
            user.extra["authentication.kubernetes.io/node-uid"] = [node.uid]
        }
        return user
    }
}
