package import NIOHTTP1

package typealias HTTPHeaders = NIOHTTP1.HTTPHeaders

/// One request on its way through the server. The steps of the road fill in `info` and `user`.
package struct APIRequest: Sendable {
    /// Upper case, such as `GET`.
    package var method: String
    /// Percent-decoded, without the query.
    package var path: String
    /// The path and query as the client wrote them; what is relayed to another server.
    package var uri: String
    package var query: QueryItems
    package var headers: HTTPHeaders
    /// The whole body; at most `HTTPLimits.requestBodyBytesMax`.
    package var body: [UInt8]
    package var user: UserInfo
    package var info: RequestInfo
    /// The id under which this request appears in logs and in the `Audit-Id` header.
    package var auditID: String
    /// What is recorded of this request; nil: nothing.
    package var audit: AuditTrail?
    /// What is asked of somebody outside about this request; nil: nobody outside is ever asked.
    package var questions: OpenQuestions?
    /// When the road began; set there.
    var arrival = RequestArrival(isMutating: false, moment: .now)
    /// Nil for requests from inside the process.
    package var connection: ClientConnection?

    package init(
        method: String, path: String, uri: String? = nil, query: QueryItems = QueryItems(), headers: HTTPHeaders = [:], body: [UInt8] = [],
        user: UserInfo = .anonymous, info: RequestInfo = RequestInfo(), auditID: String = "", connection: ClientConnection? = nil
    ) {
        self.method = method
        self.path = path
        self.uri = uri ?? path
        self.query = query
        self.headers = headers
        self.body = body
        self.user = user
        self.info = info
        self.auditID = auditID
        self.connection = connection
    }
}

/// A step at the end of the road: answers requests.
package protocol RequestHandler: Sendable {
    /// Answers `request` through `responder`, at once on the caller's thread or later from any thread. Must not block.
    func handle(_ request: APIRequest, _ responder: any Responder)
}
