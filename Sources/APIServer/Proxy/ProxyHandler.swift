package import NIOCore
import NIOHTTP1

/// Answers the subresources that lead out of the API server: `log`, `exec`, `attach`, `portforward` and `proxy`.
package struct ProxyHandler: Sendable {
    private let relay: Relay
    private let pods: PodLocation
    private let proxies: ProxyLocation

    /// - Parameter identities: the headers by which front proxies name users; nobody behind this server may hear them from a client.
    package init(lookup: ObjectLookup, tls: BackendTLS, group: any EventLoopGroup, identities: FrontProxyHeaders? = nil) {
        relay = Relay(tls: tls, group: group, identities: identities)
        pods = PodLocation(lookup: lookup)
        proxies = ProxyLocation(lookup: lookup, random: { Int.random(in: 0..<$0) })
    }

    package static func serves(_ info: RequestInfo) -> Bool {
        guard info.apiGroup.isEmpty, info.apiVersion == "v1", !info.subresource.isEmpty else { return false }
        switch (info.resource, info.subresource) {
        case ("pods", "log"), ("pods", "exec"), ("pods", "attach"), ("pods", "portforward"): return true
        case ("pods", "proxy"), ("services", "proxy"), ("nodes", "proxy"): return true
        default: return false
        }
    }

    package func handle(_ request: APIRequest, _ responder: any Responder) {
        do {
            switch request.info.subresource {
            case "log": try log(request, responder)
            case "proxy": try proxy(request, responder)
            default: try stream(request, responder)
            }
        } catch {
            responder.respond(error)
        }
    }

    private func log(_ request: APIRequest, _ responder: any Responder) throws(APIStatus) {
        let info = request.info
        guard info.verb == "get" else { throw .methodNotSupported(group: "", resource: "pods/log", verb: info.verb) }
        try checkLogOptions(request)
        guard let backend = try pods.log(namespace: info.namespace, pod: info.name, query: request.query) else {
            responder.respond(status: 200, headers: ["Content-Type": "text/plain"], body: [])
            return
        }
        var request = request
        request.body = []
        request.headers.remove(name: "Upgrade")
        relay.relay(request, to: backend, manner: .statusOnError(resource: "pods/log", name: info.name), responder)
    }

    private func checkLogOptions(_ request: APIRequest) throws(APIStatus) {
        let query = request.query
        var causes: [APIStatus.Cause] = []
        for (option, least) in [("tailLines", Int64(0)), ("limitBytes", 1), ("sinceSeconds", 1)] {
            guard let text = query[option], !text.isEmpty else { continue }
            guard let number = Int64(text) else {
                throw .badRequest("strconv.ParseInt: parsing \(goQuoted(text)): invalid syntax")
            }
            if number < least {
                let message =
                    "Invalid value: \(number): " + (least == 0 ? "must be greater than or equal to 0" : "must be greater than 0")
                causes.append(.init(reason: "FieldValueInvalid", message: message, field: option))
            }
        }
        if query["sinceSeconds"] != nil, query["sinceTime"] != nil {
            causes.append(.init(reason: "FieldValueForbidden", message: "Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified"))
        }
        if !causes.isEmpty { throw .invalid(group: "", kind: "PodLogOptions", name: "", causes: causes) }
    }

    private func stream(_ request: APIRequest, _ responder: any Responder) throws(APIStatus) {
        let info = request.info
        guard info.verb == "get" || info.verb == "create" else {
            throw .methodNotSupported(group: "", resource: "pods/\(info.subresource)", verb: info.verb)
        }
        let backend: Backend
        if info.subresource == "portforward" {
            backend = try pods.portForward(namespace: info.namespace, pod: info.name, query: request.query)
        } else {
            guard ["stdin", "stdout", "stderr"].contains(where: { request.query.bool($0) }) else {
                throw .badRequest("you must specify at least 1 of stdin, stdout, stderr")
            }
            if info.subresource == "exec", request.query.all("command").isEmpty {
                throw .badRequest("you must specify at least 1 command for the container")
            }
            backend = try pods.stream(info.subresource, namespace: info.namespace, pod: info.name, query: request.query)
        }
        guard responder.tunnel != nil else { throw .badRequest("Upgrade request required") }
        relay.relay(
            request, to: backend, manner: .statusOnError(resource: "pods/\(info.subresource)", name: info.name), webSocket: WebSocketWish(request),
            responder)
    }

    private func proxy(_ request: APIRequest, _ responder: any Responder) throws(APIStatus) {
        guard let rest = Self.rest(of: request) else { throw .pathNotFound }
        if rest.isEmpty || rest.hasPrefix("?"), request.method == "GET" || request.method == "HEAD" {
            let path = request.uri.prefix { $0 != "?" }
            responder.respond(status: 301, headers: ["Location": "\(path)/\(rest)"], body: [])
            return
        }
        let backend = try proxies.backend(request.info, uri: rest.hasPrefix("/") ? rest : "/\(rest)")
        relay.relay(request, to: backend, manner: .asIs, responder)
    }

    /// What follows `/proxy` in the request's target, as the client wrote it.
    static func rest(of request: APIRequest) -> String? {
        // Segments up to and with `proxy`: prefix, version, [namespaces, namespace], resource, name, proxy.
        let wanted = request.info.namespace.isEmpty ? 5 : 7
        var seen = 0
        var index = request.uri.startIndex
        let uri = request.uri
        while index < uri.endIndex, uri[index] != "?" {
            guard uri[index] == "/" else {
                while index < uri.endIndex, uri[index] != "/", uri[index] != "?" { index = uri.index(after: index) }
                seen += 1
                if seen == wanted { return String(uri[index...]) }
                continue
            }
            index = uri.index(after: index)
        }
        return nil
    }
}
