import JSON
import KubernetesAPI

/// `TokenReview`: whose token is this? And `SelfSubjectReview`: who am I? (`kubectl auth whoami`)
struct IdentityReviews: Sendable {
    let authenticator: Authenticator
    let now: @Sendable () -> Int64

    /// Hands over the review with its status, at once or after somebody else has been asked.
    func tokenReview(_ request: APIRequest, _ done: @escaping @Sendable (JSONValue) -> Void) throws(APIStatus) {
        let review = try RequestBody.object(request, kind: "TokenReview", group: "authentication.k8s.io")
        guard let token = review["spec"]?["token"]?.stringValue, !token.isEmpty else {
            throw .badRequest("token is required for TokenReview in authentication")
        }
        let wanted = review["spec"]?["audiences"]?.arrayValue?.compactMap(\.stringValue) ?? []
        let verdict = authenticator.authenticate(token: token, audiences: wanted.isEmpty ? nil : wanted)
        guard case .later(let answer) = verdict else {
            done(Self.filled(review, verdict))
            return
        }
        Task { done(Self.filled(review, await answer())) }
    }

    private static func filled(_ asked: JSONValue, _ verdict: TokenVerdict) -> JSONValue {
        var review = asked
        var status: JSONValue = [:]
        switch verdict {
        case .user(let user, let audiences):
            status["authenticated"] = true
            status["user"] = Self.json(user)
            status["audiences"] = .array(audiences.map { .string($0) })
        case .rejected(let reason):
            status["user"] = [:]
            status["error"] = .string(reason)
        case .unknown, .later:
            status["user"] = [:]
        }
        review["kind"] = "TokenReview"
        review["apiVersion"] = "authentication.k8s.io/v1"
        if review["metadata"] == nil { review["metadata"] = [:] }
        review["status"] = status
        return review
    }

    func selfReview(_ request: APIRequest) throws(APIStatus) -> JSONValue {
        var review = try RequestBody.object(request, kind: "SelfSubjectReview", group: "authentication.k8s.io")
        review["kind"] = "SelfSubjectReview"
        review["apiVersion"] = "authentication.k8s.io/v1"
        review["metadata"] = ["creationTimestamp": .string(Time(seconds: now()).description)]
        review["status"] = ["userInfo": Self.json(request.user)]
        return review
    }

    static func json(_ user: UserInfo) -> JSONValue {
        var object: JSONValue = ["username": .string(user.name)]
        if !user.uid.isEmpty { object["uid"] = .string(user.uid) }
        if !user.groups.isEmpty { object["groups"] = .array(user.groups.map { .string($0) }) }
        if !user.extra.isEmpty {
            var extra: JSONValue = [:]
            for (key, values) in user.extra.sorted(by: { $0.key < $1.key }) { extra[key] = .array(values.map { .string($0) }) }
            object["extra"] = extra
        }
        return object
    }

    /// Nil when the object names nobody.
    static func user(_ json: JSONValue) -> UserInfo? {
        let name = json.text("username")
        if name.isEmpty { return nil }
        var user = UserInfo(name: name, uid: json.text("uid"), groups: json.list("groups").compactMap(\.stringValue))
        for (key, values) in json["extra"]?.objectValue ?? [:] { user.extra[key] = values.arrayValue?.compactMap(\.stringValue) ?? [] }
        return user
    }
}
