import Synchronization

/// Stands between the HTTP server and the road, which are made one after the other and each need something of the other.
final class Entrance: RequestHandler {
    private let road = Mutex<Road?>(nil)

    func open(_ road: Road) {
        self.road.withLock { $0 = road }
    }

    func handle(_ request: APIRequest, _ responder: any Responder) {
        guard let road = road.withLock({ $0 }) else {
            responder.respond(.serviceUnavailable("the server is starting"))
            return
        }
        road.handle(request, responder)
    }
}
