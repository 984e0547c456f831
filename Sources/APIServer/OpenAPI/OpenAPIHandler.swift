import NIOHTTP1

/// Answers `/openapi/v2`, `/openapi/v3` and the paths below it.
package struct OpenAPIHandler: RequestHandler {
    private let documents: OpenAPIDocuments

    package init(_ documents: OpenAPIDocuments) {
        self.documents = documents
    }

    /// Whether a path is one of this handler's.
    package static func handles(_ path: String) -> Bool {
        path == "/openapi/v2" || path == "/openapi/v3" || path.hasPrefix("/openapi/v3/")
    }

    package func handle(_ request: APIRequest, _ responder: any Responder) {
        guard request.method == "GET" || request.method == "HEAD" else {
            return responder.respond(status: 405, headers: ["Allow": "GET, HEAD"], body: [])
        }
        guard Self.acceptsJSON(request.headers) else {
            return responder.respond(
                status: 406, headers: ["Content-Type": "text/plain; charset=utf-8"], body: Array("only application/json is available\n".utf8))
        }
        let etag = "\"\(documents.hash)\""
        var headers: HTTPHeaders = ["Content-Type": "application/json", "ETag": etag, "Vary": "Accept", "Cache-Control": "no-cache, private"]
        let path = request.path.hasSuffix("/") ? String(request.path.dropLast()) : request.path
        let body: [UInt8]?
        switch path {
        case "/openapi/v2": body = documents.v2()
        case "/openapi/v3": body = documents.index()
        default:
            body = documents.groupVersion(String(path.dropFirst("/openapi/v3/".count)))
            // A document under its own hash never changes.
            if request.query["hash"] == documents.hash { headers.replaceOrAdd(name: "Cache-Control", value: "public, immutable") }
        }
        guard let body else {
            return responder.respond(
                status: 404, headers: ["Content-Type": "text/plain; charset=utf-8"], body: Array("404 page not found\n".utf8))
        }
        if request.headers["If-None-Match"].contains(etag) { return responder.respond(status: 304, headers: headers, body: []) }
        responder.respond(status: 200, headers: headers, body: body)
    }

    private static func acceptsJSON(_ headers: HTTPHeaders) -> Bool {
        let accepted = headers["Accept"].flatMap { $0.split(separator: ",") }.map { range in
            range.prefix { $0 != ";" }.trimmingSpaces().lowercased()
        }
        return accepted.isEmpty || accepted.contains { ["application/json", "application/*", "*/*"].contains($0) }
    }
}

extension Substring {
    fileprivate func trimmingSpaces() -> Substring {
        var text = self
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return text
    }
}
