import NIOCore
import NIOHTTP1

/// Collects the parts of one request up to the body limit. Used on one loop.
struct RequestAssembly {
    private(set) var method: String
    private(set) var uri: String
    private(set) var headers: HTTPHeaders
    private var body: ByteBuffer?
    private(set) var isTooLarge = false

    init(method: String, uri: String, headers: HTTPHeaders) {
        self.method = method
        self.uri = uri
        self.headers = headers
        if let length = headers.first(name: "Content-Length").flatMap({ Int($0) }), length > HTTPLimits.requestBodyBytesMax { isTooLarge = true }
    }

    var isHead: Bool { method == "HEAD" }

    mutating func append(_ bytes: ByteBuffer) {
        var bytes = bytes
        guard !isTooLarge else { return }
        guard (body?.readableBytes ?? 0) + bytes.readableBytes <= HTTPLimits.requestBodyBytesMax else {
            isTooLarge = true
            body = nil
            return
        }
        if body == nil {
            body = bytes
        } else {
            body?.writeBuffer(&bytes)
        }
    }

    /// The request, or what is wrong with it.
    func finish(connection: ClientConnection, ids: RequestIDSource) -> Result<APIRequest, APIStatus> {
        if isTooLarge { return .failure(.requestEntityTooLarge("limit is \(HTTPLimits.requestBodyBytesMax)")) }
        var target = Substring(uri)
        if !target.hasPrefix("/") {
            // The absolute form that a client may use towards a proxy.
            guard let scheme = target.range(of: "://"), let slash = target[scheme.upperBound...].firstIndex(of: "/") else {
                return .failure(.badRequest("the request's target \(goQuoted(uri)) is not a path"))
            }
            target = target[slash...]
        }
        let question = target.utf8.firstIndex(of: UInt8(ascii: "?"))
        let rawPath = target[..<(question ?? target.endIndex)]
        guard let path = percentDecoded(rawPath.utf8), !path.utf8.contains(0) else {
            return .failure(.badRequest("invalid URL escape in \(goQuoted(String(rawPath)))"))
        }
        let query = question.map { QueryItems(parsing: target[target.utf8.index(after: $0)...]) } ?? QueryItems()
        let auditID = headers.first(name: "Audit-ID").flatMap { $0.utf8.count <= 64 && !$0.isEmpty ? $0 : nil } ?? ids.next()
        return .success(
            APIRequest(
                method: method, path: path, uri: String(target), query: query, headers: headers,
                body: body.map { Array($0.readableBytesView) } ?? [], auditID: auditID, connection: connection))
    }
}

extension Substring {
    /// The first place of `text`.
    fileprivate func range(of text: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
            start = index(after: start)
        }
        return nil
    }
}
