package import JSON

/// What a service account's token says.
package struct ServiceAccountClaims: Sendable, Equatable {
    package struct Reference: Sendable, Equatable {
        package var name: String
        package var uid: String

        package init(name: String, uid: String) {
            self.name = name
            self.uid = uid
        }
    }

    package var issuer: String
    package var audiences: [String]
    package var namespace: String
    package var serviceAccount: Reference
    /// The object that the token lives and dies with.
    package var pod: Reference?
    package var secret: Reference?
    /// For a token of a pod: where the pod runs. Also an object of its own that a token may be bound to.
    package var node: Reference?
    /// Seconds since 1970.
    package var issuedAt: Int64
    package var notBefore: Int64
    package var expires: Int64
    package var id: String
    /// Of a token that stands in a secret and does not end, as before bound tokens.
    package private(set) var isLegacy = false

    package static let legacyIssuer = "kubernetes/serviceaccount"

    package init(
        issuer: String, audiences: [String], namespace: String, serviceAccount: Reference, pod: Reference? = nil, secret: Reference? = nil,
        node: Reference? = nil, issuedAt: Int64, expires: Int64, id: String
    ) {
        self.issuer = issuer
        self.audiences = audiences
        self.namespace = namespace
        self.serviceAccount = serviceAccount
        self.pod = pod
        self.secret = secret
        self.node = node
        self.issuedAt = issuedAt
        notBefore = issuedAt
        self.expires = expires
        self.id = id
    }

    package var subject: String { "system:serviceaccount:\(namespace):\(serviceAccount.name)" }

    package var json: JSONValue {
        var details: JSONValue = ["namespace": .string(namespace), "serviceaccount": Self.json(serviceAccount)]
        if let node { details["node"] = Self.json(node) }
        if let pod { details["pod"] = Self.json(pod) }
        if let secret { details["secret"] = Self.json(secret) }
        return [
            "aud": .array(audiences.map { .string($0) }), "exp": .integer(expires), "iat": .integer(issuedAt), "iss": .string(issuer),
            "jti": .string(id), "kubernetes.io": details, "nbf": .integer(notBefore), "sub": .string(subject),
        ]
    }

    /// Nil when something that must be there is not, or the subject is not that of the service account.
    init?(json: JSONValue) {
        guard let issuer = json["iss"]?.stringValue, let expires = json["exp"]?.integerValue, let details = json["kubernetes.io"],
            let namespace = details["namespace"]?.stringValue, let account = Self.reference(details["serviceaccount"])
        else { return nil }
        switch json["aud"] {
        case .string(let one)?: audiences = [one]
        case .array(let many)?: audiences = many.compactMap(\.stringValue)
        default: return nil
        }
        self.issuer = issuer
        self.expires = expires
        self.namespace = namespace
        serviceAccount = account
        pod = Self.reference(details["pod"])
        secret = Self.reference(details["secret"])
        node = Self.reference(details["node"])
        issuedAt = json["iat"]?.integerValue ?? 0
        notBefore = json["nbf"]?.integerValue ?? 0
        id = json["jti"]?.stringValue ?? ""
        guard json["sub"]?.stringValue == subject else { return nil }
    }

    /// Reads a legacy token's claims, which are other ones. Nil when something that must be there is not.
    ///
    /// - Parameter audiences: what such a token is for, since it does not say.
    init?(legacy json: JSONValue, audiences: [String]) {
        func text(_ key: String) -> String { json["kubernetes.io/serviceaccount/" + key]?.stringValue ?? "" }
        guard json["iss"]?.stringValue == Self.legacyIssuer, !text("namespace").isEmpty, !text("service-account.name").isEmpty,
            !text("service-account.uid").isEmpty, !text("secret.name").isEmpty
        else { return nil }
        self.init(
            issuer: Self.legacyIssuer, audiences: audiences, namespace: text("namespace"),
            serviceAccount: .init(name: text("service-account.name"), uid: text("service-account.uid")),
            secret: .init(name: text("secret.name"), uid: ""), issuedAt: 0, expires: .max, id: "")
        isLegacy = true
        guard json["sub"]?.stringValue == subject else { return nil }
    }

    /// What a legacy token says.
    static func legacyJSON(namespace: String, account: Reference, secret: String) -> JSONValue {
        [
            "iss": .string(legacyIssuer), "kubernetes.io/serviceaccount/namespace": .string(namespace),
            "kubernetes.io/serviceaccount/secret.name": .string(secret),
            "kubernetes.io/serviceaccount/service-account.name": .string(account.name),
            "kubernetes.io/serviceaccount/service-account.uid": .string(account.uid),
            "sub": .string("system:serviceaccount:\(namespace):\(account.name)"),
        ]
    }

    private static func json(_ reference: Reference) -> JSONValue {
        ["name": .string(reference.name), "uid": .string(reference.uid)]
    }

    private static func reference(_ json: JSONValue?) -> Reference? {
        guard let name = json?["name"]?.stringValue else { return nil }
        return Reference(name: name, uid: json?["uid"]?.stringValue ?? "")
    }
}
