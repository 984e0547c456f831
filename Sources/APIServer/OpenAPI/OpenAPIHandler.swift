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
        let path = request.path.hasSuffix("/") ? String(request.path.dropLast()) : request.path
        guard let form = Form.accepted(request.headers, protobuf: path == "/openapi/v2") else {
            return responder.respond(
                status: 406, headers: ["Content-Type": "text/plain; charset=utf-8"], body: Array("only application/json is available\n".utf8))
        }
        let etag = "\"\(documents.hash)\""
        var headers: HTTPHeaders = [
            "Content-Type": form.rawValue, "ETag": etag, "Vary": "Accept", "Cache-Control": "no-cache, private",
        ]
        let body: [UInt8]?
        switch path {
        case "/openapi/v2": body = form == .protobuf ? try? documents.v2Protobuf() : documents.v2()
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

    /// The forms of a document, by their media types.
    private enum Form: String {
        case json = "application/json"
        case protobuf = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"

        /// The first form that the client takes.
        static func accepted(_ headers: HTTPHeaders, protobuf: Bool) -> Form? {
            let ranges = headers["Accept"].flatMap { $0.split(separator: ",") }.map { range in
                range.prefix { $0 != ";" }.trimmingSpaces().lowercased()
            }
            if ranges.isEmpty { return .json }
            for range in ranges {
                switch range {
                case "application/json", "application/*", "*/*": return .json
                // The second is how clients wrote it until it was found to be no media type.
                case Form.protobuf.rawValue, "application/com.github.proto-openapi.spec.v2@v1.0+protobuf":
                    if protobuf { return .protobuf }
                default: continue
                }
            }
            return nil
        }
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
