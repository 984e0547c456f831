import NIOHTTP1

/// The road that every request takes:
///
///     request info → authenticate → impersonate → authorize → flow control → handler
///
/// Requests over the network enter at its beginning, those of components in this process behind the authentication, with the identity that their
/// transport was made for. Each step either fills in the request or throws the `Status` that is the answer.
package struct Road: RequestHandler {
    let authenticator: Authenticator
    let impersonation: Impersonation
    let authorizer: any Authorizer
    /// Whether the authorizer may have to ask somebody outside.
    let asksOutside: Bool
    /// Whether what identities and rights are looked up in has been read from the store. Before that, a no means nothing.
    let isInformed: @Sendable () -> Bool
    let flowControl: FlowControl
    let crossroads: Crossroads
    let metrics: RequestMetrics
    let log: RequestLog
    let auditor: Auditor?

    package func handle(_ request: APIRequest, _ responder: any Responder) {
        begin(request, responder) { request in
            switch authenticator.authenticate(request) {
            case .user(let user):
                arrive(request, user, responder)
            case .rejected(let reason):
                refuse(request, reason, responder)
            case .later(let answer):
                // Waits for somebody outside; the event loop goes on meanwhile.
                let waiting = request
                Task {
                    if case .user(let user) = await answer() {
                        arrive(waiting, user, responder)
                    } else {
                        refuse(waiting, "nobody outside knows the credential", responder)
                    }
                }
            }
        }
    }

    /// A request from inside the process.
    package func handle(_ request: APIRequest, as user: UserInfo, _ responder: any Responder) {
        begin(request, responder) { request in travel(request, as: Authenticator.authenticated(user), responder) }
    }

    private func begin(_ request: APIRequest, _ responder: any Responder, _ next: (APIRequest) -> Void) {
        var request = request
        request.arrival = metrics.begin(request.method)
        do throws(APIStatus) {
            request.info = try RequestInfo(method: request.method, path: request.path, query: request.query)
        } catch {
            end(request, error, responder)
            return
        }
        next(request)
    }

    private func arrive(_ request: APIRequest, _ user: UserInfo, _ responder: any Responder) {
        var request = request
        authenticator.removeCredentials(&request.headers)
        travel(request, as: user, responder)
    }

    private func travel(_ request: APIRequest, as user: UserInfo, _ responder: any Responder) {
        var request = request
        request.user = user
        var responder = responder
        if let auditor, let trail = auditor.begin(request) {
            request.audit = trail
            responder = AuditedResponder(inner: responder, trail: trail)
        }
        if asksOutside { request.questions = OpenQuestions() }
        proceed(request, responder)
    }

    private func proceed(_ asked: APIRequest, _ responder: any Responder) {
        var request = asked
        do throws(APIStatus) {
            try impersonate(&request)
            try authorize(request)
        } catch {
            if asked.retries({ proceed(asked, responder) }) { return }
            end(request, isInformed() ? error : .storageInitializing, responder)
            return
        }
        switch flowControl.enter(request.info, path: request.path, user: request.user) {
        case .free: serve(request, nil, responder)
        case .seated(let seat): serve(request, seat, responder)
        case .full(let flow):
            let waiting = request
            flowControl.wait(flow) { seat in
                serve(waiting, seat, responder)
            } refuse: {
                MeteredResponder(inner: responder, metrics: metrics, info: waiting.info, arrival: waiting.arrival).respond(
                    status: 429,
                    headers: ["Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff", "Retry-After": "1"],
                    body: Array("Too many requests, please try again later.\n".utf8))
            }
        }
    }

    private func serve(_ request: APIRequest, _ seat: FlowControl.Seat?, _ responder: any Responder) {
        crossroads.handle(request, MeteredResponder(inner: responder, metrics: metrics, info: request.info, arrival: request.arrival, seat: seat))
    }

    private func refuse(_ request: APIRequest, _ reason: String, _ responder: any Responder) {
        log.rejectedCredential(request, reason)
        var responder = responder
        // Nobody in particular asked.
        if let trail = auditor?.begin(request) { responder = AuditedResponder(inner: responder, trail: trail) }
        end(request, isInformed() ? .unauthorized : .storageInitializing, responder)
    }

    private func end(_ request: APIRequest, _ status: APIStatus, _ responder: any Responder) {
        log.refused(request, status)
        MeteredResponder(inner: responder, metrics: metrics, info: request.info, arrival: request.arrival)
            .respond(status, accept: request.headers.first(name: "Accept"))
    }

    private func impersonate(_ request: inout APIRequest) throws(APIStatus) {
        guard let user = try impersonation.impersonated(request) else { return }
        request.user = user
        request.audit?.impersonates(user)
        Impersonation.removeHeaders(&request.headers)
    }

    private func authorize(_ request: APIRequest) throws(APIStatus) {
        let attributes = AuthorizationAttributes(request)
        let decision = request.decision(attributes, by: authorizer)
        // What is not known yet is no answer.
        if let audit = request.audit, !(request.questions?.isOpen ?? false) {
            audit.annotate("authorization.k8s.io/decision", decision.isAllowed ? "allow" : "forbid")
            audit.annotate("authorization.k8s.io/reason", decision.reason)
        }
        guard decision.isAllowed else { throw refusal(attributes, decision, request) }
        // A WebSocket is always a GET, and still it runs a command: who may only read must not get so far.
        let info = request.info
        guard info.resource == "pods", ["exec", "attach", "portforward"].contains(info.subresource), info.verb == "get" else { return }
        var creating = attributes
        creating.verb = "create"
        let createDecision = request.decision(creating, by: authorizer)
        guard createDecision.isAllowed else { throw refusal(creating, createDecision, request) }
    }

    /// Nobody is told that he may not when nobody knows.
    private func refusal(_ attributes: AuthorizationAttributes, _ decision: AuthorizationDecision, _ request: APIRequest) -> APIStatus {
        guard case .failed = decision else { return attributes.forbidden(reason: decision.reason) }
        log.undecided(request, decision.reason)
        return .internalError("the request could not be authorized")
    }
}
