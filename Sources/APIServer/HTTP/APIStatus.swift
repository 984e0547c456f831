import KubernetesAPI

/// A `Status` object (meta/v1): how the server says that a call failed, or that a delete succeeded. Can be thrown.
package struct APIStatus: Error, Sendable, Equatable {
    package struct Cause: Sendable, Equatable {
        /// `FieldValueInvalid`, `FieldValueRequired`, ...
        package var reason: String
        package var message: String
        /// The path of the field, such as `spec.containers[0].name`.
        package var field: String

        package init(reason: String, message: String, field: String = "") {
            self.reason = reason
            self.message = message
            self.field = field
        }
    }

    package struct Details: Sendable, Equatable {
        package var name: String
        package var group: String
        /// The resource's plural name; for `Invalid` the kind.
        package var kind: String
        package var uid: String
        package var causes: [Cause]
        package var retryAfterSeconds: Int

        package init(name: String = "", group: String = "", kind: String = "", uid: String = "", causes: [Cause] = [], retryAfterSeconds: Int = 0) {
            self.name = name
            self.group = group
            self.kind = kind
            self.uid = uid
            self.causes = causes
            self.retryAfterSeconds = retryAfterSeconds
        }
    }

    package var isSuccess: Bool
    package var message: String
    package var reason: String
    package var details: Details?
    package var code: Int

    package init(code: Int, reason: String, message: String, details: Details? = nil) {
        isSuccess = false
        self.message = message
        self.reason = reason
        self.details = details
        self.code = code
    }

    /// What a completed delete answers.
    package static func success(details: Details? = nil) -> APIStatus {
        var status = APIStatus(code: 200, reason: "", message: "", details: details)
        status.isSuccess = true
        return status
    }
}

extension APIStatus: CustomStringConvertible {
    package var description: String { message.isEmpty ? reason : message }
}

// MARK: - The errors of the API, with upstream's codes, reasons and words

extension APIStatus {
    private static func qualified(_ resource: String, _ group: String) -> String {
        group.isEmpty ? resource : "\(resource).\(group)"
    }

    package static func notFound(group: String, resource: String, name: String) -> APIStatus {
        APIStatus(
            code: 404, reason: "NotFound", message: "\(qualified(resource, group)) \(goQuoted(name)) not found",
            details: Details(name: name, group: group, kind: resource))
    }

    /// No such path or resource type.
    package static let pathNotFound = APIStatus(
        code: 404, reason: "NotFound", message: "the server could not find the requested resource", details: Details())

    package static func alreadyExists(group: String, resource: String, name: String) -> APIStatus {
        APIStatus(
            code: 409, reason: "AlreadyExists", message: "\(qualified(resource, group)) \(goQuoted(name)) already exists",
            details: Details(name: name, group: group, kind: resource))
    }

    /// `Operation cannot be fulfilled on pods "x": <why>`.
    package static func conflict(group: String, resource: String, name: String, _ why: String) -> APIStatus {
        APIStatus(
            code: 409, reason: "Conflict",
            message: "Operation cannot be fulfilled on \(qualified(resource, group)) \(goQuoted(name)): \(why)",
            details: Details(name: name, group: group, kind: resource))
    }

    /// A write on condition of a revision that is no longer the newest.
    package static func staleRevision(group: String, resource: String, name: String) -> APIStatus {
        conflict(
            group: group, resource: resource, name: name,
            "the object has been modified; please apply your changes to the latest version and try again")
    }

    /// `pods "x" is forbidden: <why>`; without a name `pods is forbidden: <why>`.
    package static func forbidden(group: String, resource: String, name: String, _ why: String) -> APIStatus {
        let subject = name.isEmpty ? qualified(resource, group) : "\(qualified(resource, group)) \(goQuoted(name))"
        return APIStatus(
            code: 403, reason: "Forbidden", message: resource.isEmpty ? "forbidden: \(why)" : "\(subject) is forbidden: \(why)",
            details: Details(name: name, group: group, kind: resource))
    }

    /// Validation found `causes`. The message repeats each of them behind its field.
    package static func invalid(group: String, kind: String, name: String, causes: [Cause]) -> APIStatus {
        var texts: [String] = []
        for cause in causes {
            let text = cause.field.isEmpty ? cause.message : "\(cause.field): \(cause.message)"
            if !texts.contains(text) { texts.append(text) }
        }
        let all = texts.count == 1 ? texts[0] : "[" + texts.joined(separator: ", ") + "]"
        return APIStatus(
            code: 422, reason: "Invalid",
            message: "\(qualified(kind, group)) \(goQuoted(name)) is invalid" + (texts.isEmpty ? "" : ": \(all)"),
            details: Details(name: name, group: group, kind: kind, causes: causes))
    }

    package static func badRequest(_ message: String) -> APIStatus {
        APIStatus(code: 400, reason: "BadRequest", message: message)
    }

    package static let unauthorized = APIStatus(code: 401, reason: "Unauthorized", message: "Unauthorized")

    package static func methodNotSupported(group: String, resource: String, verb: String) -> APIStatus {
        APIStatus(
            code: 405, reason: "MethodNotAllowed", message: "\(verb) is not supported on resources of kind \(goQuoted(qualified(resource, group)))",
            details: Details(group: group, kind: resource))
    }

    /// The path exists, the method has no meaning on it.
    package static let methodNotAllowed = APIStatus(
        code: 405, reason: "MethodNotAllowed", message: "the server does not allow this method on the requested resource", details: Details())

    package static func notAcceptable(supported: [String]) -> APIStatus {
        APIStatus(
            code: 406, reason: "NotAcceptable",
            message: "only the following media types are accepted: \(supported.joined(separator: ", "))")
    }

    package static func unsupportedMediaType(supported: [String]) -> APIStatus {
        APIStatus(
            code: 415, reason: "UnsupportedMediaType",
            message: "the body of the request was in an unknown format - accepted media types include: \(supported.joined(separator: ", "))")
    }

    package static func requestEntityTooLarge(_ message: String) -> APIStatus {
        APIStatus(code: 413, reason: "RequestEntityTooLarge", message: "Request entity too large: \(message)")
    }

    /// The asked revision or continue token is older than what is kept.
    package static func expired(_ message: String) -> APIStatus {
        APIStatus(code: 410, reason: "Expired", message: message)
    }

    package static func gone(_ message: String) -> APIStatus {
        APIStatus(code: 410, reason: "Gone", message: message)
    }

    /// The caches are being filled from the store: clients ask again a second later.
    package static var storageInitializing: APIStatus { tooManyRequests("storage is (re)initializing", retryAfterSeconds: 1) }

    package static func tooManyRequests(_ message: String, retryAfterSeconds: Int) -> APIStatus {
        APIStatus(code: 429, reason: "TooManyRequests", message: message, details: Details(retryAfterSeconds: retryAfterSeconds))
    }

    package static func internalError(_ message: String) -> APIStatus {
        APIStatus(
            code: 500, reason: "InternalError", message: "Internal error occurred: \(message)",
            details: Details(causes: [Cause(reason: "", message: message)]))
    }

    package static func serviceUnavailable(_ message: String) -> APIStatus {
        APIStatus(code: 503, reason: "ServiceUnavailable", message: message)
    }

    package static func timeout(_ message: String, retryAfterSeconds: Int = 0) -> APIStatus {
        APIStatus(code: 504, reason: "Timeout", message: "Timeout: \(message)", details: Details(retryAfterSeconds: retryAfterSeconds))
    }

    package static func serverTimeout(group: String, resource: String, verb: String, retryAfterSeconds: Int) -> APIStatus {
        APIStatus(
            code: 500, reason: "ServerTimeout",
            message: "The \(verb) operation against \(qualified(resource, group)) could not be completed at this time, please try again.",
            details: Details(name: verb, group: group, kind: resource, retryAfterSeconds: retryAfterSeconds))
    }
}

/// Text in double quotes with Go's escapes (`%q`), as the API's messages show names and values.
package func goQuoted(_ text: String) -> String { text.goQuoted }
