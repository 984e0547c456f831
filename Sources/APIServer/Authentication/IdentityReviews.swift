import JSON
import KubernetesAPI

/// `TokenReview`: whose token is this? And `SelfSubjectReview`: who am I? (`kubectl auth whoami`)
struct IdentityReviews: Sendable {
    let authenticator: Authenticator
    let now: @Sendable () -> Int64

    func tokenReview(_ request: APIRequest, defaultAudiences: [String]) throws(APIStatus) -> JSONValue {
        var review = try RequestBody.object(request, kind: "TokenReview", group: "authentication.k8s.io")
        guard let token = review["spec"]?["token"]?.stringValue, !token.isEmpty else {
            throw .badRequest("token is required for TokenReview in authentication")
        }
        let wanted = review["spec"]?["audiences"]?.arrayValue?.compactMap(\.stringValue) ?? []
        var status: JSONValue = [:]
        switch authenticator.authenticate(token: token, audiences: wanted.isEmpty ? nil : wanted) {
        case .user(let user):
            status["authenticated"] = true
            status["user"] = Self.json(user)
            status["audiences"] = .array((wanted.isEmpty ? defaultAudiences : wanted).map { .string($0) })
        case .rejected(let reason):
            status["user"] = [:]
            status["error"] = .string(reason)
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

    private static func json(_ user: UserInfo) -> JSONValue {
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
}
