/// The road that every request takes:
///
///     request info → authenticate → impersonate → authorize → handler
///
/// Requests over the network enter at its beginning, those of components in this process behind the authentication, with the identity that their
/// transport was made for. Each step either fills in the request or throws the `Status` that is the answer.
package struct Road: RequestHandler {
    let authenticator: Authenticator
    let impersonation: Impersonation
    let authorizer: any Authorizer
    let crossroads: Crossroads
    let metrics: RequestMetrics
    let log: RequestLog

    package func handle(_ request: APIRequest, _ responder: any Responder) {
        travel(request, responder) { request throws(APIStatus) in
            request.user = try authenticated(request)
        }
    }

    /// A request from inside the process.
    package func handle(_ request: APIRequest, as user: UserInfo, _ responder: any Responder) {
        travel(request, responder) { request throws(APIStatus) in
            request.user = Authenticator.authenticated(user)
        }
    }

    private func travel(
        _ request: APIRequest, _ responder: any Responder, identify: (inout APIRequest) throws(APIStatus) -> Void
    ) {
        var request = request
        metrics.begin()
        do throws(APIStatus) {
            request.info = try RequestInfo(method: request.method, path: request.path, query: request.query)
            try identify(&request)
            try impersonate(&request)
            try authorize(request)
        } catch {
            log.refused(request, error)
            MeteredResponder(inner: responder, metrics: metrics, info: request.info).respond(error)
            return
        }
        crossroads.handle(request, MeteredResponder(inner: responder, metrics: metrics, info: request.info))
    }

    private func authenticated(_ request: APIRequest) throws(APIStatus) -> UserInfo {
        switch authenticator.authenticate(request) {
        case .user(let user):
            return user
        case .rejected(let reason):
            log.rejectedCredential(request, reason)
            throw .unauthorized
        }
    }

    private func impersonate(_ request: inout APIRequest) throws(APIStatus) {
        guard let user = try impersonation.impersonated(request) else { return }
        request.user = user
        Impersonation.removeHeaders(&request.headers)
    }

    private func authorize(_ request: APIRequest) throws(APIStatus) {
        let attributes = AuthorizationAttributes(request)
        let decision = authorizer.authorize(attributes)
        guard decision.isAllowed else { throw attributes.forbidden(reason: decision.reason) }
        // A WebSocket is always a GET, and still it runs a command: who may only read must not get so far.
        let info = request.info
        guard info.resource == "pods", ["exec", "attach", "portforward"].contains(info.subresource), info.verb == "get" else { return }
        var creating = attributes
        creating.verb = "create"
        let createDecision = authorizer.authorize(creating)
        guard createDecision.isAllowed else { throw creating.forbidden(reason: createDecision.reason) }
    }
}
