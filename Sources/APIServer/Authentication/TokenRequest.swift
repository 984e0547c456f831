import JSON
import KubernetesAPI
import PKI

/// `serviceaccounts/token`: makes tokens that end on their own and, if bound, together with a pod, secret or node.
struct TokenRequest: Sendable {
    private static let secondsDefault: Int64 = 3600
    private static let secondsMin: Int64 = 600
    private static let secondsMax: Int64 = 1 << 32

    let tokens: ServiceAccountTokens
    let lookup: ServiceAccountAuthenticator.Lookup
    let now: @Sendable () -> Int64

    func answer(_ request: APIRequest) throws(APIStatus) -> JSONValue {
        let namespace = request.info.namespace
        let name = request.info.name
        var body = try RequestBody.object(request, kind: "TokenRequest", group: "authentication.k8s.io")
        // What is no number must not be taken for the default.
        if let life = body["spec"]?["expirationSeconds"], !life.isNull, life.integerValue == nil {
            throw .badRequest("spec.expirationSeconds must be a whole number of 64 bits")
        }
        guard let account = lookup("serviceaccounts", namespace, name) else {
            throw .notFound(group: "", resource: "serviceaccounts", name: name)
        }
        let seconds = body["spec"]?["expirationSeconds"]?.integerValue ?? Self.secondsDefault
        if seconds < Self.secondsMin { throw invalid(name, seconds, "may not specify a duration less than 10 minutes") }
        if seconds > Self.secondsMax { throw invalid(name, seconds, "may not specify a duration larger than 2^32 seconds") }
        let asked = body["spec"]?["audiences"]?.arrayValue?.compactMap(\.stringValue) ?? []
        let audiences = asked.isEmpty ? tokens.audiences : asked
        let time = now()
        var claims = ServiceAccountClaims(
            issuer: tokens.issuer, audiences: audiences, namespace: namespace,
            serviceAccount: .init(name: name, uid: account["metadata"]?["uid"]?.stringValue ?? ""), issuedAt: time, expires: time + seconds,
            id: RandomToken.uuid())
        let bound = body["spec"]?["boundObjectRef"].flatMap { $0.isNull ? nil : $0 }
        if let node = NodeAuthorizer.nodeName(of: request.user) {
            try NodeTokenRules(node: node, namespace: namespace, account: name, lookup: lookup).check(bound, audiences: asked)
        }
        if let bound { try bind(&claims, to: bound) }
        let token: String
        do {
            token = try tokens.sign(claims)
        } catch {
            throw .internalError(error.description)
        }
        body["kind"] = "TokenRequest"
        body["apiVersion"] = "authentication.k8s.io/v1"
        body["metadata"] = [
            "name": .string(name), "namespace": .string(namespace), "creationTimestamp": .string(Time(seconds: time).description),
        ]
        body["spec"]?["audiences"] = .array(audiences.map { .string($0) })
        body["spec"]?["expirationSeconds"] = .integer(seconds)
        if body["spec"]?["boundObjectRef"] == nil { body["spec"]?["boundObjectRef"] = .null }
        body["status"] = ["token": .string(token), "expirationTimestamp": .string(Time(seconds: time + seconds).description)]
        return body
    }

    private func bind(_ claims: inout ServiceAccountClaims, to bound: JSONValue) throws(APIStatus) {
        let kind = bound["kind"]?.stringValue ?? ""
        let name = bound["name"]?.stringValue ?? ""
        let resource = kind.lowercased() + "s"
        guard bound["apiVersion"]?.stringValue ?? "v1" == "v1", ["Pod", "Secret", "Node"].contains(kind) else {
            throw .badRequest("cannot bind token to object of type \(bound["apiVersion"]?.stringValue ?? ""), Kind=\(kind)")
        }
        guard let object = lookup(resource, kind == "Node" ? "" : claims.namespace, name) else {
            throw .notFound(group: "", resource: resource, name: name)
        }
        let uid = object["metadata"]?["uid"]?.stringValue ?? ""
        if let wanted = bound["uid"]?.stringValue, !wanted.isEmpty, wanted != uid {
            throw .conflict(
                group: "", resource: resource, name: name,
                "the UID in the bound object reference (\(wanted)) does not match the UID in record. The object might have been deleted and then recreated"
            )
        }
        let reference = ServiceAccountClaims.Reference(name: name, uid: uid)
        switch kind {
        case "Pod":
            guard object["spec"]?["serviceAccountName"]?.stringValue == claims.serviceAccount.name else {
                throw .badRequest(
                    "cannot bind token for serviceaccount \(goQuoted(claims.serviceAccount.name)) to pod running with different serviceaccount name.")
            }
            claims.pod = reference
            if let node = object["spec"]?["nodeName"]?.stringValue, !node.isEmpty {
                claims.node = .init(name: node, uid: lookup("nodes", "", node)?["metadata"]?["uid"]?.stringValue ?? "")
            }
        case "Secret": claims.secret = reference
        default: claims.node = reference
        }
    }

    private func invalid(_ name: String, _ seconds: Int64, _ message: String) -> APIStatus {
        .invalid(
            group: "authentication.k8s.io", kind: "TokenRequest", name: name,
            causes: [.init(reason: "FieldValueInvalid", message: "Invalid value: \(seconds): \(message)", field: "spec.expirationSeconds")])
    }
}
