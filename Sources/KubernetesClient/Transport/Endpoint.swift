/// The parts of a server's URL that the transport needs.
struct Endpoint: Sendable {
    /// What request paths are appended to.
    var base: String
    /// The address to use when `base` names the certificate's name instead of the real host.
    var dnsOverride: (name: String, host: String)?

    init(_ connection: ServerConnection) throws(ConnectionConfigurationError) {
        var url = connection.server
        if !url.contains("://") { url = "https://" + url }
        while url.hasSuffix("/"), !url.hasSuffix("://") { url.removeLast() }
        guard let schemeEnd = url.firstRange(of: "://") else {
            throw ConnectionConfigurationError("the server URL \"\(connection.server)\" is not a URL")
        }
        let scheme = url[..<schemeEnd.lowerBound]
        guard scheme == "https" || scheme == "http" else {
            throw ConnectionConfigurationError("the server URL \"\(connection.server)\" must begin with https:// or http://")
        }
        let rest = url[schemeEnd.upperBound...]
        let authority = rest.prefix { $0 != "/" }
        let prefix = rest[authority.endIndex...]
        let (host, port) = Self.split(authority)
        guard !host.isEmpty else { throw ConnectionConfigurationError("the server URL \"\(connection.server)\" names no host") }
        if let port, UInt16(port) == nil {
            throw ConnectionConfigurationError("the server URL \"\(connection.server)\" has the invalid port \"\(port)\"")
        }
        guard let name = connection.tlsServerName, !name.isEmpty, name != host else {
            base = url
            return
        }
        base = "\(scheme)://\(name)" + (port.map { ":\($0)" } ?? "") + prefix
        dnsOverride = (name, host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : String(host))
    }

    private static func split(_ authority: Substring) -> (host: Substring, port: Substring?) {
        let afterHost: Substring.Index
        if authority.hasPrefix("["), let close = authority.firstIndex(of: "]") {
            afterHost = authority.index(after: close)
        } else {
            afterHost = authority.firstIndex(of: ":") ?? authority.endIndex
        }
        let tail = authority[afterHost...]
        return (authority[..<afterHost], tail.isEmpty ? nil : tail.dropFirst())
    }
}

/// A connection that cannot even be tried.
package struct ConnectionConfigurationError: Error, CustomStringConvertible {
    package var description: String

    init(_ description: String) {
        self.description = description
    }
}
