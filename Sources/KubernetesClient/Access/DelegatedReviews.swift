import Crypto
import JSON
package import Logging

/// Asks the API server whose a token is (TokenReview) and what somebody may do (SubjectAccessReview), and remembers the answers for a while.
package struct DelegatedReviews: Sendable {
    /// How long answers count.
    package struct Lives: Sendable {
        package var token = Duration.seconds(10)
        package var allowed = Duration.seconds(10)
        package var refused = Duration.seconds(10)

        package init() {}
    }

    /// What somebody wants to do.
    package enum Action: Sendable, Hashable {
        case path(String, verb: String)
        /// Something that belongs to a node.
        case node(String, subresource: String, verb: String)
    }

    /// How long a token that did not count is not asked about again.
    static let refusedTokenLife = Duration.seconds(10)

    private struct Question: Hashable {
        var user: ClientIdentity
        var action: Action
    }

    private let tokenClient: Client?
    private let accessClient: Client?
    private let lives: Lives
    private let logger: Logger
    private let tokens: AnswerCache<[UInt8], ClientIdentity?>
    private let rights: AnswerCache<Question, Bool>

    /// - Parameters:
    ///   - tokens: may make TokenReviews; nil: no token counts.
    ///   - access: may make SubjectAccessReviews; nil: nobody but administrators may do anything.
    package init(tokens tokenClient: Client?, access accessClient: Client?, lives: Lives = Lives(), time: TimeSource = .system, logger: Logger) {
        self.tokenClient = tokenClient
        self.accessClient = accessClient
        self.lives = lives
        self.logger = logger
        tokens = AnswerCache(time: time)
        rights = AnswerCache(time: time)
    }

    /// Whose the token is; nil when it does not count, or nobody can say.
    package func identity(ofToken token: String) async -> ClientIdentity? {
        guard let tokenClient else { return nil }
        // The token itself is not kept.
        let key = Array(SHA256.hash(data: Array(token.utf8)))
        if let known = tokens[key] { return known }
        do {
            let answer = try await tokenClient.post(
                path: "/apis/authentication.k8s.io/v1/tokenreviews",
                ["apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": ["token": .string(token)]])
            let identity = answer["status"].flatMap { ClientIdentity(reviewed: $0) }
            tokens.remember(key, identity, for: identity == nil ? Self.refusedTokenLife : lives.token)
            return identity
        } catch {
            logger.warning("the API server could not be asked about a bearer token", metadata: ["error": "\(error)"])
            return nil
        }
    }

    /// - Throws: when nobody can say.
    package func allows(_ user: ClientIdentity, _ action: Action) async throws -> Bool {
        if user.groups.contains("system:masters") { return true }
        guard let accessClient else { return false }
        let question = Question(user: user, action: action)
        if let known = rights[question] { return known }
        let answer = try await accessClient.post(
            path: "/apis/authorization.k8s.io/v1/subjectaccessreviews",
            ["apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": Self.spec(user, action)])
        let isAllowed = answer["status"]?["allowed"]?.boolValue == true
        rights.remember(question, isAllowed, for: isAllowed ? lives.allowed : lives.refused)
        return isAllowed
    }

    private static func spec(_ user: ClientIdentity, _ action: Action) -> JSONValue {
        var spec: JSONValue = ["user": .string(user.name), "groups": .array(user.groupsOfReview.map { .string($0) })]
        switch action {
        case .path(let path, let verb):
            spec["nonResourceAttributes"] = ["path": .string(path), "verb": .string(verb)]
        case .node(let node, let subresource, let verb):
            spec["resourceAttributes"] = [
                "verb": .string(verb), "version": "v1", "resource": "nodes", "subresource": .string(subresource), "name": .string(node),
            ]
        }
        if !user.uid.isEmpty { spec["uid"] = .string(user.uid) }
        if !user.extra.isEmpty {
            var extra: JSONValue = [:]
            for (key, values) in user.extra.sorted(by: { $0.key < $1.key }) { extra[key] = .array(values.map { .string($0) }) }
            spec["extra"] = extra
        }
        return spec
    }
}
