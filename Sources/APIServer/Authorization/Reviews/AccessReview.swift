import JSON

/// The three reviews that ask "may X do Y": of anyone, of anyone within a namespace, of oneself.
struct AccessReview: Sendable {
    enum Scope: Sendable {
        case anyone
        case namespace(String)
        case oneself
    }

    let scope: Scope
    let authorizer: any Authorizer

    private static let group = "authorization.k8s.io"

    private var kind: String {
        switch scope {
        case .anyone: "SubjectAccessReview"
        case .namespace: "LocalSubjectAccessReview"
        case .oneself: "SelfSubjectAccessReview"
        }
    }

    func answer(_ request: APIRequest) throws(APIStatus) -> JSONValue {
        var review = try RequestBody.object(request, kind: kind, group: Self.group)
        let spec = review["spec"] ?? [:]
        let decision = request.decision(try attributes(spec, requestor: request.user, review: review), by: authorizer)
        var status: JSONValue = ["allowed": .bool(decision.isAllowed)]
        switch decision {
        case .deny: status["denied"] = true
        case .failed: status["evaluationError"] = .string(decision.reason)
        case .allow, .noOpinion, .later: break
        }
        if !decision.reason.isEmpty { status["reason"] = .string(decision.reason) }
        review["kind"] = .string(kind)
        review["apiVersion"] = "authorization.k8s.io/v1"
        if review["metadata"] == nil { review["metadata"] = [:] }
        review["status"] = status
        return review
    }

    private func attributes(_ spec: JSONValue, requestor: UserInfo, review: JSONValue) throws(APIStatus) -> AuthorizationAttributes {
        let resource = spec["resourceAttributes"].flatMap { $0.isNull ? nil : $0 }
        let path = spec["nonResourceAttributes"].flatMap { $0.isNull ? nil : $0 }
        let user = try user(spec, requestor: requestor)
        switch (resource, path) {
        case (let resource?, nil):
            func text(_ key: String) -> String { resource[key]?.stringValue ?? "" }
            if case .namespace(let namespace) = scope, text("namespace") != namespace {
                throw invalid("spec.resourceAttributes.namespace", "must match metadata.namespace")
            }
            return AuthorizationAttributes(
                user: user, verb: text("verb"), apiGroup: text("group"), apiVersion: text("version"), resource: text("resource"),
                subresource: text("subresource"), namespace: text("namespace"), name: text("name"))
        case (nil, let path?):
            if case .namespace = scope { throw invalid("spec.nonResourceAttributes", "disallowed on this kind of request") }
            return AuthorizationAttributes(
                user: user, verb: path["verb"]?.stringValue ?? "", isResourceRequest: false, path: path["path"]?.stringValue ?? "")
        case (nil, nil):
            throw invalid("spec.resourceAttributes", "exactly one of nonResourceAttributes or resourceAttributes must be specified")
        case (_?, _?):
            throw invalid("spec.nonResourceAttributes", "cannot be specified in combination with resourceAttributes")
        }
    }

    private func user(_ spec: JSONValue, requestor: UserInfo) throws(APIStatus) -> UserInfo {
        if case .oneself = scope { return requestor }
        let name = spec["user"]?.stringValue ?? ""
        let groups = spec["groups"]?.arrayValue?.compactMap(\.stringValue) ?? []
        if name.isEmpty && groups.isEmpty { throw invalid("spec.user", "at least one of user or group must be specified") }
        var extra: [String: [String]] = [:]
        for (key, values) in spec["extra"]?.objectValue ?? [:] { extra[key.lowercased()] = values.arrayValue?.compactMap(\.stringValue) ?? [] }
        return UserInfo(name: name, uid: spec["uid"]?.stringValue ?? "", groups: groups, extra: extra)
    }

    private func invalid(_ field: String, _ message: String) -> APIStatus {
        .invalid(
            group: Self.group, kind: kind, name: "",
            causes: [.init(reason: "FieldValueInvalid", message: "Invalid value: \(message)", field: field)])
    }
}
