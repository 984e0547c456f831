import JSON
import NIOHTTP1

/// Where the road ends: each request goes to the one handler that answers it.
struct Crossroads: Sendable {
    /// Handlers of other paths, by prefix, such as `/openapi/`.
    struct Branch: Sendable {
        let prefix: String
        let handler: any RequestHandler
    }

    let registry: any RequestHandler
    let reviews: ReviewHandler
    let proxy: ProxyHandler?
    /// `metrics.k8s.io`; nil where kubelets cannot be asked.
    let usage: ResourceMetricsHandler?
    let discovery: DiscoveryHandler
    let health: HealthHandler
    let metrics: MetricsHandler
    let issuer: IssuerHandler?
    let version: [UInt8]
    let branches: [Branch]

    func handle(_ request: APIRequest, _ responder: any Responder) {
        if request.info.isResourceRequest {
            if ReviewHandler.serves(request.info) {
                reviews.handle(request, responder)
            } else if let proxy, ProxyHandler.serves(request.info) {
                proxy.handle(request, responder)
            } else if let usage, ResourceMetricsHandler.serves(request.info) {
                usage.handle(request, responder)
            } else {
                registry.handle(request, responder)
            }
            return
        }
        if let branch = branches.first(where: { request.path.hasPrefix($0.prefix) }) {
            branch.handler.handle(request, responder)
            return
        }
        switch request.path {
        case "/version", "/version/": responder.respond(json: version)
        case "/metrics": metrics.handle(request, responder)
        case "/": responder.respond(json: paths)
        case _ where DiscoveryHandler.serves(request.path): discovery.handle(request, responder)
        case _ where HealthHandler.serves(request.path): health.handle(request, responder)
        case _ where issuer != nil && IssuerHandler.serves(request.path): issuer?.handle(request, responder)
        default: responder.respondNotFound()
        }
    }

    private var paths: [UInt8] {
        var paths = ["/api", "/api/v1", "/apis", "/healthz", "/livez", "/metrics", "/readyz", "/version"]
        if issuer != nil { paths += IssuerHandler.paths }
        paths += branches.map(\.prefix)
        let json: JSONValue = ["paths": .array(paths.sorted().map { .string($0) })]
        return json.serialized()
    }
}
