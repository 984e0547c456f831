import NIOHTTP1

/// Who answers which request.
struct Routes: Sendable {
    let registry: Registry
    let discovery: DiscoveryHandler
    let health: HealthHandler
    let metrics: MetricsHandler
    let reviews: ReviewHandler
    let proxy: ProxyHandler
    let version: [UInt8]

    func handle(_ request: APIRequest, _ responder: any Responder) {
        let info = request.info
        if info.isResourceRequest, !info.resource.isEmpty {
            if ReviewHandler.serves(info) {
                reviews.handle(request, responder)
            } else if ProxyHandler.serves(info) {
                proxy.handle(request, responder)
            } else {
                registry.handle(request, responder)
            }
        } else if HealthHandler.serves(request.path) {
            health.handle(request, responder)
        } else if DiscoveryHandler.serves(request.path) {
            discovery.handle(request, responder)
        } else if request.path == "/version" || request.path == "/version/" {
            responder.respond(json: version)
        } else if request.path == "/metrics" {
            metrics.handle(request, responder)
        } else {
            responder.respondNotFound()
        }
    }
}
