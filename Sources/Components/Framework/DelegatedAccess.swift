import APIServer
import JSON
import KubernetesClient
import Synchronization

/// Lets requests in on the API server's word: who a token belongs to (TokenReview) and what a user may see (SubjectAccessReview).
final class DelegatedAccess: Sendable {
    /// How long an answer counts.
    static let answerLife: Duration = .seconds(10)
    static let answersMax = 1024

    private struct Answer {
        var value: UserInfo?
        var isAllowed = false
        var until: ContinuousClock.Instant
    }

    private let alwaysAllowed: [String]
    private let tokens: Client?
    private let reviews: Client?
    private let answers = Mutex<[String: Answer]>([:])

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
        if let known = known("token \(token)") { return known.value }
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
        remember("token \(token)", Answer(value: user, until: .now + Self.answerLife))
        return user
    }

    private func isAllowed(_ user: UserInfo, path: String) async throws -> Bool {
        if user.groups.contains(UserInfo.mastersGroup) { return true }
        guard let reviews else { return false }
        let key = "path \(path) \(user.name) \(user.groups.joined(separator: ","))"
        if let known = known(key) { return known.isAllowed }
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
        remember(key, Answer(isAllowed: isAllowed, until: .now + Self.answerLife))
        return isAllowed
    }

    private static func authenticated(_ user: UserInfo) -> UserInfo {
        var user = user
        if !user.groups.contains(UserInfo.authenticatedGroup) { user.groups.append(UserInfo.authenticatedGroup) }
        return user
    }

    private func known(_ key: String) -> Answer? {
        answers.withLock { $0[key] }.flatMap { $0.until > .now ? $0 : nil }
    }

    private func remember(_ key: String, _ answer: Answer) {
        answers.withLock { answers in
            if answers.count >= Self.answersMax { answers = answers.filter { $0.value.until > .now } }
            if answers.count >= Self.answersMax { answers = [:] }
            answers[key] = answer
        }
    }
}
