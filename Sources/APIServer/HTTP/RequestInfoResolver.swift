extension RequestInfo {
    /// Reads a request. `path` is already percent-decoded and without the query.
    ///
    /// - Throws: `APIStatus` when a legacy `watch` or `proxy` path ends right after that word.
    package init(method: String, path: String, query: QueryItems) throws(APIStatus) {
        self.init(verb: Self.lowercased(method))
        var segments = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map { String(Substring($0)) }[...]
        // Slashes at either end do not count, empty segments in the middle do.
        while segments.first?.isEmpty == true { segments.removeFirst() }
        while segments.last?.isEmpty == true { segments.removeLast() }
        guard segments.count >= 3, let prefix = segments.first, prefix == "api" || prefix == "apis" else { return }
        apiPrefix = prefix
        segments.removeFirst()
        if prefix == "apis" {
            guard segments.count >= 3 else { return }
            apiGroup = segments.removeFirst()
        }
        isResourceRequest = true
        apiVersion = segments.removeFirst()
        try readVerb(method: method, path: path, segments: &segments)
        if segments.first == "namespaces", segments.count > 1 {
            namespace = segments[segments.startIndex + 1]
            // A namespace's own subresources stay with the namespace; anything else there is a resource inside it.
            if segments.count > 2, !["status", "finalize"].contains(segments[segments.startIndex + 2]) {
                segments.removeFirst(2)
            }
        }
        parts = Array(segments)
        if parts.count >= 1 { resource = parts[0] }
        if parts.count >= 2 { name = parts[1] }
        if parts.count >= 3, verb != "proxy" { subresource = parts[2] }
        if name.isEmpty { refineCollectionVerb(query) }
    }

    private static func lowercased(_ method: String) -> String {
        switch method {
        case "GET": "get"
        case "POST": "post"
        case "PUT": "put"
        case "PATCH": "patch"
        case "DELETE": "delete"
        default: method.lowercased()
        }
    }

    private mutating func readVerb(method: String, path: String, segments: inout ArraySlice<String>) throws(APIStatus) {
        if let word = segments.first, word == "watch" || word == "proxy" {
            guard segments.count >= 2 else {
                throw .badRequest("unable to determine kind and namespace from url, \(path)")
            }
            verb = word
            segments.removeFirst()
            return
        }
        verb =
            switch method {
            case "POST": "create"
            case "GET", "HEAD": "get"
            case "PUT": "update"
            case "PATCH": "patch"
            case "DELETE": "delete"
            default: ""
            }
    }

    /// Without a name, a get is a list or a watch and a delete is a deletecollection.
    private mutating func refineCollectionVerb(_ query: QueryItems) {
        switch verb {
        case "get":
            verb = query.bool("watch") ? "watch" : "list"
            if verb == "list" {
                listLimit = query["limit"].flatMap { Int($0) } ?? 0
            } else {
                beginsWithList = ["", "0"].contains(query["resourceVersion"] ?? "") || query.bool("sendInitialEvents")
            }
            for term in (query["fieldSelector"] ?? "").split(separator: ",") {
                guard term.hasPrefix("metadata.name="), !term.hasPrefix("metadata.name=!") else { continue }
                var value = term.dropFirst("metadata.name=".count)
                if value.first == "=" { value = value.dropFirst() }
                if !value.isEmpty, value != ".", value != "..", !value.contains(where: { $0 == "/" || $0 == "%" }) { name = String(value) }
            }
        case "delete":
            verb = "deletecollection"
        default:
            break
        }
    }
}
