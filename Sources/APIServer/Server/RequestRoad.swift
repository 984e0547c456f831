import Logging
import NIOHTTP1

/// The road of a request: what it asks for, who asks, whether they may, and who answers.
package final class RequestRoad: RequestHandler {
    private let authenticator: Authenticator
    private let impersonation: Impersonation
    private let authorizer: any Authorizer
    private let routes: Routes
    private let requests: RequestMetrics
    private let logger: Logger

    init(authenticator: Authenticator, authorizer: any Authorizer, routes: Routes, requests: RequestMetrics, logger: Logger) {
        self.authenticator = authenticator
        impersonation = Impersonation(authorizer: authorizer)
        self.authorizer = authorizer
        self.routes = routes
        self.requests = requests
        self.logger = logger
    }

    package func handle(_ request: APIRequest, _ responder: any Responder) {
        var request = request
        requests.begin()
        do {
            request.info = try RequestInfo(method: request.method, path: request.path, query: request.query)
            request.user = try authenticate(request)
            if let other = try impersonation.impersonated(request) { request.user = other }
            try authorize(request)
            routes.handle(request, MeteredResponder(inner: responder, metrics: requests, info: request.info))
        } catch {
            requests.end(request.info, code: error.code)
            responder.respond(error)
        }
    }

    private func authenticate(_ request: APIRequest) throws(APIStatus) -> UserInfo {
        switch authenticator.authenticate(request) {
        case .user(let user):
            return user
        case .rejected(let reason):
            logger.info(
                "request refused: unable to authenticate",
                metadata: [
                    "auditID": "\(request.auditID)", "method": "\(request.method)", "path": "\(request.path)", "reason": "\(reason)",
                    "remote": "\(request.connection?.remoteAddress ?? "")",
                ])
            throw .unauthorized
        }
    }

    private func authorize(_ request: APIRequest) throws(APIStatus) {
        let attributes = AuthorizationAttributes(request)
        let decision = authorizer.authorize(attributes)
        if !decision.isAllowed { throw attributes.forbidden(reason: decision.reason) }
    }
}
