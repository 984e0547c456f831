import Logging

/// What all connections of a server share.
struct HTTPFront: Sendable {
    let handler: any RequestHandler
    let ids: RequestIDSource
    let counter: InFlightCounter
    let logger: Logger
}
