import JSON

/// Second step of a write: what the client left out gets its default.
enum Default {
    static func apply(_ object: inout JSONValue, _ resource: ServedResource) {
        resource.strategy.defaults(&object)
    }
}
