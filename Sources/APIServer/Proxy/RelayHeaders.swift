import NIOHTTP1

/// Which headers go on to a backend and which come back.
enum RelayHeaders {
    /// Meant for one connection only (RFC 9110, 7.6.1).
    private static let hopByHop: Set<String> = [
        "connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade",
    ]

    /// - Parameter identities: the headers by which front proxies name users here.
    static func request(
        _ request: APIRequest, to backend: Backend, isUpgrade: Bool, forwarded: Bool, identities: FrontProxyHeaders? = nil
    ) -> HTTPHeaders {
        var headers = withoutHops(request.headers)
        headers.remove(name: "Host")
        headers.remove(name: "Content-Length")
        headers.remove(name: "Expect")
        BearerCredential.remove(from: &headers)
        Impersonation.removeHeaders(&headers)
        // Whoever is behind may believe us when we name a user.
        FrontProxyHeaders().remove(from: &headers)
        identities?.remove(from: &headers)
        var result: HTTPHeaders = ["Host": backend.authority]
        result.add(contentsOf: headers)
        if isUpgrade {
            result.add(name: "Connection", value: "Upgrade")
            for value in request.headers["Upgrade"] { result.add(name: "Upgrade", value: value) }
        } else {
            result.add(name: "Connection", value: "close")
        }
        if !request.body.isEmpty || ["POST", "PUT", "PATCH"].contains(request.method), !isUpgrade {
            result.add(name: "Content-Length", value: String(request.body.count))
        }
        if forwarded {
            result.replaceOrAdd(name: "X-Forwarded-Uri", value: request.uri)
            if let host = request.headers.first(name: "Host") { result.replaceOrAdd(name: "X-Forwarded-Host", value: host) }
            result.replaceOrAdd(name: "X-Forwarded-Proto", value: "https")
            if let address = request.connection?.remoteAddress, !address.isEmpty {
                let before = request.headers["X-Forwarded-For"].joined(separator: ", ")
                result.replaceOrAdd(name: "X-Forwarded-For", value: before.isEmpty ? address : "\(before), \(address)")
            }
        }
        return result
    }

    static func response(_ headers: HTTPHeaders, isUpgrade: Bool) -> HTTPHeaders {
        var result = withoutHops(headers)
        if isUpgrade {
            result.add(name: "Connection", value: "Upgrade")
            for value in headers["Upgrade"] { result.add(name: "Upgrade", value: value) }
        } else {
            // The body goes on as a stream.
            result.remove(name: "Content-Length")
        }
        return result
    }

    private static func withoutHops(_ headers: HTTPHeaders) -> HTTPHeaders {
        var dropped = hopByHop
        for value in headers["Connection"] {
            for name in value.split(separator: ",") { dropped.insert(name.filter { $0 != " " }.lowercased()) }
        }
        return HTTPHeaders(headers.filter { !dropped.contains($0.name.lowercased()) })
    }
}
