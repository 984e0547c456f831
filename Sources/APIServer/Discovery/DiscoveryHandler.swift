import NIOHTTP1
import Synchronization

/// Answers `/api`, `/apis` and what is below them down to the list of a version's resources.
package final class DiscoveryHandler: Sendable {
    private let source: any DiscoverySource
    private let serverAddress: String
    private let current = Mutex<(version: UInt64, documents: DiscoveryDocuments)?>(nil)

    /// - Parameter serverAddress: host and port that clients of any network may use.
    package init(source: any DiscoverySource, serverAddress: String) {
        self.source = source
        self.serverAddress = serverAddress
    }

    /// Whether a path belongs to discovery: with or without a slash at its end.
    package static func serves(_ path: String) -> Bool {
        path == "/api" || path == "/apis" || path.hasPrefix("/api/") || path.hasPrefix("/apis/")
    }

    package func handle(_ request: APIRequest, _ responder: any Responder) {
        guard request.method == "GET" || request.method == "HEAD" else {
            responder.respond(.methodNotAllowed)
            return
        }
        let path = request.path.hasSuffix("/") ? String(request.path.dropLast()) : request.path
        let documents = documents
        guard let plain = documents.plain[path] else {
            responder.respondNotFound()
            return
        }
        guard let form = Form.chosen(request.headers, aggregated: documents.aggregated[path] != nil) else {
            responder.respond(.notAcceptable(supported: ["application/json"]))
            return
        }
        let document: DiscoveryDocuments.Document
        let contentType: String
        switch form {
        case .plain:
            (document, contentType) = (plain, "application/json")
        case .aggregated(let version):
            document = documents.aggregated[path]?[version] ?? plain
            contentType = "application/json;g=apidiscovery.k8s.io;v=\(version);as=APIGroupDiscoveryList"
        }
        var headers: HTTPHeaders = ["Content-Type": contentType, "Vary": "Accept"]
        if case .aggregated = form {
            headers.add(name: "ETag", value: document.tag)
            headers.add(name: "Cache-Control", value: "public")
            if request.headers.first(name: "If-None-Match") == document.tag {
                responder.respond(status: 304, headers: headers, body: [])
                return
            }
        }
        responder.respond(status: 200, headers: headers, body: document.bytes)
    }

    private var documents: DiscoveryDocuments {
        let version = source.version
        return current.withLock { current in
            if let current, current.version == version { return current.documents }
            let documents = DiscoveryDocuments(resources: source.resources(), serverAddress: serverAddress)
            current = (version, documents)
            return documents
        }
    }

    /// What the client wants, by the order of its `Accept` header.
    private enum Form {
        case plain
        case aggregated(version: String)

        /// Nil when nothing of what the client takes can be made.
        static func chosen(_ headers: HTTPHeaders, aggregated: Bool) -> Form? {
            let clauses = headers["Accept"].joined(separator: ",").split(separator: ",")
            if clauses.isEmpty { return .plain }
            for clause in clauses {
                let parts = clause.split(separator: ";").map { part in part.filter { $0 != " " }.lowercased() }
                guard let type = parts.first, ["application/json", "application/*", "*/*"].contains(type) else { continue }
                let parameters = parts.dropFirst().filter { !$0.hasPrefix("q=") }
                if parameters.isEmpty { return .plain }
                guard aggregated, parameters.contains("g=apidiscovery.k8s.io"), parameters.contains("as=apigroupdiscoverylist") else { continue }
                for version in ["v2", "v2beta1"] where parameters.contains("v=\(version)") { return .aggregated(version: version) }
            }
            return nil
        }
    }
}

extension Responder {
    /// What upstream says about a path that nothing is behind.
    func respondNotFound() {
        respond(
            status: 404, headers: ["Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff"],
            body: Array("404 page not found\n".utf8))
    }
}
