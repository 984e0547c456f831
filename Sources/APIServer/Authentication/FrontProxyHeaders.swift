import NIOHTTP1

/// The headers in which a front proxy, known by a certificate of an authority of its own, says whom it speaks for.
package struct FrontProxyHeaders: Sendable {
    package var userHeaders: [String]
    package var uidHeaders: [String]
    package var groupHeaders: [String]
    /// In small letters, for comparison.
    package var extraPrefixes: [String]
    /// As they were given.
    let shownPrefixes: [String]
    /// Common names of the proxies that are believed; empty: all that the authority has signed.
    package var allowedNames: [String]

    /// - Parameter userHeaders: the first that is in a request names the user.
    package init(
        userHeaders: [String] = ["X-Remote-User"], uidHeaders: [String] = ["X-Remote-Uid"], groupHeaders: [String] = ["X-Remote-Group"],
        extraPrefixes: [String] = ["X-Remote-Extra-"], allowedNames: [String] = []
    ) {
        self.userHeaders = userHeaders
        self.uidHeaders = uidHeaders
        self.groupHeaders = groupHeaders
        shownPrefixes = extraPrefixes
        self.extraPrefixes = extraPrefixes.map { $0.lowercased() }
        self.allowedNames = allowedNames
    }

    /// Nil when the proxy names nobody. Only to be asked for requests of a proxy.
    func user(_ headers: HTTPHeaders) -> UserInfo? {
        guard let name = first(userHeaders, headers) else { return nil }
        var user = UserInfo(name: name, uid: first(uidHeaders, headers) ?? "")
        for header in groupHeaders { user.groups += headers[header] }
        for prefix in extraPrefixes {
            for (header, value) in headers where header.utf8.count > prefix.utf8.count {
                let lower = header.lowercased()
                guard lower.hasPrefix(prefix) else { continue }
                let key = lower.dropFirst(prefix.count)
                user.extra[percentDecoded(key.utf8) ?? String(key), default: []].append(value)
            }
        }
        return user
    }

    func remove(from headers: inout HTTPHeaders) {
        for name in userHeaders + uidHeaders + groupHeaders { headers.remove(name: name) }
        for prefix in extraPrefixes {
            for (name, _) in headers where name.lowercased().hasPrefix(prefix) { headers.remove(name: name) }
        }
    }

    private func first(_ names: [String], _ headers: HTTPHeaders) -> String? {
        for name in names {
            if let value = headers.first(name: name)?.trimmed, !value.isEmpty { return value }
        }
        return nil
    }
}

extension String {
    /// Without the spaces and tabs at its ends.
    fileprivate var trimmed: String {
        let inner = drop { $0 == " " || $0 == "\t" }
        guard let last = inner.lastIndex(where: { $0 != " " && $0 != "\t" }) else { return "" }
        return String(inner[...last])
    }
}
