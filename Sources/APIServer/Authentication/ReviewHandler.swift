import JSON
package import PKI

/// Answers the resources that are computed and never stored: access reviews, identity reviews, token requests.
package struct ReviewHandler: Sendable {
    private let authorizer: any Authorizer
    private let identity: IdentityReviews
    private let tokenRequest: TokenRequest?

    package init(
        authorizer: any Authorizer, authenticator: Authenticator, tokens: ServiceAccountTokens?,
        lookup: @escaping ServiceAccountAuthenticator.Lookup, now: @escaping @Sendable () -> Int64 = systemSeconds
    ) {
        self.authorizer = authorizer
        identity = IdentityReviews(authenticator: authenticator, now: now)
        tokenRequest = tokens.map { TokenRequest(tokens: $0, lookup: lookup, now: now) }
    }

    /// Whether a request is for one of these resources.
    package static func serves(_ info: RequestInfo) -> Bool {
        switch info.apiGroup {
        case "authorization.k8s.io", "authentication.k8s.io": info.apiVersion == "v1"
        case "": info.resource == "serviceaccounts" && info.subresource == "token"
        default: false
        }
    }

    package func handle(_ request: APIRequest, _ responder: any Responder) {
        do {
            if request.info.resource == "tokenreviews", request.info.verb == "create" {
                try identity.tokenReview(request) { responder.respond(status: 201, json: $0.serialized()) }
            } else {
                let answer = try answer(request)
                if request.retries({ handle(request, responder) }) { return }
                responder.respond(status: 201, json: answer.serialized())
            }
        } catch {
            responder.respond(error)
        }
    }

    private func answer(_ request: APIRequest) throws(APIStatus) -> JSONValue {
        let info = request.info
        guard info.verb == "create" else { throw .methodNotSupported(group: info.apiGroup, resource: info.resource, verb: info.verb) }
        switch (info.apiGroup, info.resource) {
        case ("authorization.k8s.io", "subjectaccessreviews"): return try AccessReview(scope: .anyone, authorizer: authorizer).answer(request)
        case ("authorization.k8s.io", "selfsubjectaccessreviews"): return try AccessReview(scope: .oneself, authorizer: authorizer).answer(request)
        case ("authorization.k8s.io", "localsubjectaccessreviews"):
            return try AccessReview(scope: .namespace(info.namespace), authorizer: authorizer).answer(request)
        case ("authorization.k8s.io", "selfsubjectrulesreviews"): return try RulesReview(authorizer: authorizer).answer(request)
        case ("authentication.k8s.io", "selfsubjectreviews"): return try identity.selfReview(request)
        case ("", _):
            guard let tokenRequest else { throw .pathNotFound }
            return try tokenRequest.answer(request)
        default: throw .pathNotFound
        }
    }
}
