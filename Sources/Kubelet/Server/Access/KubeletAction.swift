import Linux

/// What a client wants of the node agent, in the terms of authorization: a verb on subresources of nodes, any of which is enough.
package struct KubeletAction: Sendable, Equatable {
    /// get, create, update, patch or delete; empty for other methods, which nobody is allowed.
    package var verb: String
    /// The narrowest first.
    package var subresources: [String]
    package var path: String

    package init(method: String, path: String) {
        switch method {
        case "GET": verb = "get"
        case "POST": verb = "create"
        case "PUT": verb = "update"
        case "PATCH": verb = "patch"
        case "DELETE": verb = "delete"
        default: verb = ""
        }
        self.path = path
        subresources = Self.subresources(Path.components(path).first ?? "")
    }

    /// Whoever holds `nodes/proxy` may do nearly everything here, commands in containers included: the narrower ones are for those who only watch.
    private static func subresources(_ first: String) -> [String] {
        switch first {
        case "stats", "metrics", "checkpoint", "statusz", "flagz": [first]
        // As in pods/log.
        case "logs": ["log"]
        case "pods", "healthz", "configz": [first, "proxy"]
        case "runningpods": ["pods", "proxy"]
        default: ["proxy"]
        }
    }
}
