import APIServer
import JSON
import KubernetesClient

/// Lets requests in on the API server's word: who a token belongs to (TokenReview) and what a user may see (SubjectAccessReview).
final class DelegatedAccess: Sendable {
    /// How long an answer counts.
    static let answerLife: Duration = .seconds(10)

    private let alwaysAllowed: [String]
    private let tokens: Client?
    private let reviews: Client?
    private let users = AnswerCache<String, UserInfo?>(time: .system)
    private let rights = AnswerCache<Question, Bool>(time: .system)

    private struct Question: Hashable {
        var user: String
        var groups: [String]
        var path: String
    }

    /// - Parameters:
    ///   - alwaysAllowed: paths for everybody; one that ends in `*` stands for all that begin so.
    ///   - tokens: nil: no bearer token counts.
    ///   - reviews: nil: nobody may see more than `alwaysAllowed`.
    init(alwaysAllowed: [String], tokens: Client?, reviews: Client?) {
        self.alwaysAllowed = alwaysAllowed
        self.tokens = tokens
        self.reviews = reviews
    }

    func isOpen(_ path: String) -> Bool {
        alwaysAllowed.contains { allowed in
            allowed.hasSuffix("*") ? path.hasPrefix(allowed.dropLast()) : path == allowed
        }
    }

    /// Nil when the request may go on; else the answer.
    ///
    /// - Throws: when the API server does not answer.
    func refusal(of request: APIRequest) async throws -> APIStatus? {
        guard let user = try await user(of: request) else { return .unauthorized }
        guard try await isAllowed(user, path: request.path) else {
            return APIStatus(
                code: 403, reason: "Forbidden", message: "forbidden: User \"\(user.name)\" cannot get path \"\(request.path)\"")
        }
        return nil
    }

    private func user(of request: APIRequest) async throws -> UserInfo? {
        var certificate = request.connection?.certificate
        // Nobody stands in front of a component: the certificate counts as the client's own.
        if case .frontProxy(_, let own)? = certificate { certificate = own }
        switch certificate {
        case .verified(let user, _)?: return Self.authenticated(user)
        case .rejected?, .frontProxy?: return nil
        case .absent?, nil: break
        }
        guard let token = BearerCredential.token(in: request.headers) else { return .anonymous }
        guard let tokens else { return nil }
        if let known = users[token] { return known }
        let answer = try await tokens.post(
            path: "/apis/authentication.k8s.io/v1/tokenreviews",
            ["apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": ["token": .string(token)]])
        var user: UserInfo?
        if answer["status"]?["authenticated"]?.boolValue == true, let found = answer["status"]?["user"] {
            user = Self.authenticated(
                UserInfo(
                    name: found["username"]?.stringValue ?? "", uid: found["uid"]?.stringValue ?? "",
                    groups: found["groups"]?.arrayValue?.compactMap(\.stringValue) ?? []))
        }
        users.remember(token, user, for: Self.answerLife)
        return user
    }

    private func isAllowed(_ user: UserInfo, path: String) async throws -> Bool {
        if user.groups.contains(UserInfo.mastersGroup) { return true }
        guard let reviews else { return false }
        let question = Question(user: user.name, groups: user.groups, path: path)
        if let known = rights[question] { return known }
        let answer = try await reviews.post(
            path: "/apis/authorization.k8s.io/v1/subjectaccessreviews",
            [
                "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
                "spec": [
                    "user": .string(user.name), "groups": .array(user.groups.map { .string($0) }),
                    "nonResourceAttributes": ["path": .string(path), "verb": "get"],
                ],
            ])
        let isAllowed = answer["status"]?["allowed"]?.boolValue == true
        rights.remember(question, isAllowed, for: Self.answerLife)
        return isAllowed
    }

    private static func authenticated(_ user: UserInfo) -> UserInfo {
        var user = user
        if !user.groups.contains(UserInfo.authenticatedGroup) { user.groups.append(UserInfo.authenticatedGroup) }
        return user
    }
}
