import Logging

/// What the log tells about requests that did not get through. Never a credential, never a body.
struct RequestLog: Sendable {
    let logger: Logger

    func refused(_ request: APIRequest, _ status: APIStatus) {
        logger.debug(
            "request refused",
            metadata: [
                "audit-id": "\(request.auditID)", "method": "\(request.method)", "path": "\(request.path)", "user": "\(request.user.name)",
                "code": "\(status.code)", "reason": "\(status.reason)",
            ])
    }

    func undecided(_ request: APIRequest, _ reason: String) {
        logger.error(
            "request could not be authorized",
            metadata: [
                "audit-id": "\(request.auditID)", "path": "\(request.path)", "user": "\(request.user.name)", "reason": "\(reason)",
            ])
    }

    func rejectedCredential(_ request: APIRequest, _ reason: String) {
        logger.info(
            "credential rejected",
            metadata: [
                "audit-id": "\(request.auditID)", "path": "\(request.path)", "client": "\(request.connection?.remoteAddress ?? "")",
                "reason": "\(reason)",
            ])
    }
}
