import JSON
package import KubernetesAPI

/// The API server's refusal, as it said it.
package struct APIStatusError: Error, CustomStringConvertible {
    package var status: Status
    /// The HTTP status, also where the body named none.
    package var code: Int
    /// Seconds after which the server wishes to be asked again.
    package var retryAfterSeconds: Int64?

    package init(status: Status, code: Int? = nil, retryAfterSeconds: Int64? = nil) {
        self.status = status
        self.code = code ?? status.code.map(Int.init) ?? 500
        self.retryAfterSeconds = retryAfterSeconds ?? status.details?.retryAfterSeconds.map(Int64.init)
    }

    package var reason: String { status.reason ?? "" }
    package var message: String { status.message ?? "" }

    package var isNotFound: Bool { reason == "NotFound" || (reason.isEmpty && code == 404) }
    package var isAlreadyExists: Bool { reason == "AlreadyExists" }
    package var isConflict: Bool { reason == "Conflict" || (reason.isEmpty && code == 409) }
    package var isInvalid: Bool { reason == "Invalid" || (reason.isEmpty && code == 422) }
    package var isForbidden: Bool { reason == "Forbidden" || (reason.isEmpty && code == 403) }
    package var isUnauthorized: Bool { reason == "Unauthorized" || (reason.isEmpty && code == 401) }
    package var isTooManyRequests: Bool { reason == "TooManyRequests" || code == 429 }
    /// The version asked for is no longer known (410): list again.
    package var isExpired: Bool { reason == "Expired" || reason == "Gone" || code == 410 }
    /// The version asked for lies in the server's future.
    package var isTooLargeResourceVersion: Bool {
        status.details?.causes.contains { $0.reason == "ResourceVersionTooLarge" } ?? false
    }

    package var description: String {
        message.isEmpty ? "the server answered with status \(code)" : message
    }

    /// Reads the error out of an answer. A body that is no Status (a proxy's page, say) becomes a message of its own.
    init(response: HTTPResponseData, request: HTTPRequestData) {
        let retryAfter = response.header("Retry-After").flatMap { Int64($0) }
        if let status = try? Status(jsonBytes: response.body), status.status != nil || status.reason != nil || status.message != nil {
            self.init(status: status, code: response.status, retryAfterSeconds: retryAfter)
            return
        }
        let text = String(decoding: response.body.prefix(500), as: UTF8.self).filter { !$0.isNewline }
        let path = request.path.prefix { $0 != "?" }
        var status = Status()
        status.status = "Failure"
        status.code = Int32(clamping: response.status)
        status.reason = Self.reason(ofCode: response.status)
        status.message = "the server answered \(request.method) \(path) with status \(response.status)" + (text.isEmpty ? "" : ": \(text)")
        self.init(status: status, code: response.status, retryAfterSeconds: retryAfter)
    }

    private static func reason(ofCode code: Int) -> String? {
        switch code {
        case 400: "BadRequest"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "NotFound"
        case 405: "MethodNotAllowed"
        case 406: "NotAcceptable"
        case 409: "Conflict"
        case 410: "Gone"
        case 415: "UnsupportedMediaType"
        case 422: "Invalid"
        case 429: "TooManyRequests"
        case 500: "InternalError"
        case 503: "ServiceUnavailable"
        case 504: "Timeout"
        default: nil
        }
    }
}
