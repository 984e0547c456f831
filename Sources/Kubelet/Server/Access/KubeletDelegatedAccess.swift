import Crypto
import JSON
package import KubernetesClient
package import Logging

/// Lets requests in on the API server's word: whose a token is (TokenReview), and what a client may do (SubjectAccessReview).
package struct KubeletDelegatedAccess: Sendable {
    /// How long answers count.
    package struct Lives: Sendable {
        package var token = Duration.seconds(120)
        package var allowed = Duration.seconds(300)
        package var refused = Duration.seconds(30)

        package init() {}
    }

    /// How long a token that did not count is not asked about again.
    static let refusedTokenLife = Duration.seconds(10)

    private let client: Client
    private let node: String
    private let logger: Logger
    private let tokens: AnswerCache<[UInt8], KubeletClientIdentity?>
    private let rights: AnswerCache<Question, Bool>
    private let lives: Lives

    private struct Question: Hashable {
        var user: String
        var uid: String
        var groups: [String]
        var extra: [String: [String]]
        var verb: String
        var subresource: String
    }

    /// - Parameters:
    ///   - client: the node's own; may make both kinds of reviews.
    ///   - node: the node's name.
    package init(client: Client, node: String, lives: Lives = Lives(), time: TimeSource = .system, logger: Logger) {
        self.client = client
        self.node = node
        self.lives = lives
        self.logger = logger
        tokens = AnswerCache(time: time)
        rights = AnswerCache(time: time)
    }

    /// - Parameter allowsAnonymous: whether who shows nothing at all is `system:anonymous` rather than refused.
    package func authentication(allowsAnonymous: Bool = false) -> KubeletAuthentication {
        var authentication = KubeletAuthentication()
        authentication.allowsAnonymous = allowsAnonymous
        authentication.identify = { token in await identity(token) }
        return authentication
    }

    package var authorizer: KubeletAuthorizer {
        KubeletAuthorizer { identity, action in
            if identity.groups.contains("system:masters") { return true }
            if action.verb.isEmpty { return false }
            for subresource in action.subresources where try await isAllowed(identity, action.verb, subresource) { return true }
            return false
        }
    }

    private func identity(_ token: String) async -> KubeletClientIdentity? {
        // The token itself is not kept.
        let key = Array(SHA256.hash(data: Array(token.utf8)))
        if let known = tokens[key] { return known }
        do {
            let answer = try await client.post(
                path: "/apis/authentication.k8s.io/v1/tokenreviews",
                ["apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": ["token": .string(token)]])
            let identity = answer["status"].flatMap(Self.identity)
            tokens.remember(key, identity, for: identity == nil ? Self.refusedTokenLife : lives.token)
            return identity
        } catch {
            logger.warning("the API server could not be asked about a bearer token", metadata: ["error": "\(error)"])
            return nil
        }
    }

    private static func identity(_ status: JSONValue) -> KubeletClientIdentity? {
        guard status["authenticated"]?.boolValue == true, let user = status["user"], let name = user["username"]?.stringValue, !name.isEmpty else {
            return nil
        }
        var identity = KubeletClientIdentity(name: name, groups: user["groups"]?.arrayValue?.compactMap(\.stringValue) ?? [])
        identity.uid = user["uid"]?.stringValue ?? ""
        for (key, values) in user["extra"]?.objectValue ?? [:] { identity.extra[key] = values.arrayValue?.compactMap(\.stringValue) ?? [] }
        return identity
    }

    private func isAllowed(_ identity: KubeletClientIdentity, _ verb: String, _ subresource: String) async throws -> Bool {
        let question = Question(
            user: identity.name, uid: identity.uid, groups: identity.groups, extra: identity.extra, verb: verb, subresource: subresource)
        if let known = rights[question] { return known }
        var groups = identity.groups
        if !groups.contains("system:unauthenticated"), !groups.contains("system:authenticated") { groups.append("system:authenticated") }
        var spec: JSONValue = [
            "user": .string(identity.name), "groups": .array(groups.map { .string($0) }),
            "resourceAttributes": [
                "verb": .string(verb), "version": "v1", "resource": "nodes", "subresource": .string(subresource), "name": .string(node),
            ],
        ]
        if !identity.uid.isEmpty { spec["uid"] = .string(identity.uid) }
        if !identity.extra.isEmpty {
            var extra: JSONValue = [:]
            for (key, values) in identity.extra.sorted(by: { $0.key < $1.key }) { extra[key] = .array(values.map { .string($0) }) }
            spec["extra"] = extra
        }
        let answer = try await client.post(
            path: "/apis/authorization.k8s.io/v1/subjectaccessreviews",
            ["apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec])
        let isAllowed = answer["status"]?["allowed"]?.boolValue == true
        rights.remember(question, isAllowed, for: isAllowed ? lives.allowed : lives.refused)
        return isAllowed
    }
}
