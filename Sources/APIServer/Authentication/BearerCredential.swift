import FoundationEssentials
import NIOHTTP1

/// Where a request may carry its bearer token.
package enum BearerCredential {
    private static let webSocketPrefix = "base64url.bearer.authorization.k8s.io."

    /// The token of the `Authorization` header or, for WebSockets of browsers, which cannot set that one, of the sub-protocol list.
    package static func token(in headers: HTTPHeaders) -> String? {
        if let value = headers.first(name: "Authorization") {
            let parts = value.split(separator: " ", maxSplits: 1)
            guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
            let token = parts[1].drop { $0 == " " }
            return token.isEmpty ? nil : String(token)
        }
        guard headers.contains(name: "Upgrade") else { return nil }
        for header in headers["Sec-WebSocket-Protocol"] {
            for name in header.split(separator: ",") {
                let name = name.drop { $0 == " " }
                if name.hasPrefix(webSocketPrefix) { return decode(name.dropFirst(webSocketPrefix.count)) }
            }
        }
        return nil
    }

    /// Takes every credential out of headers that go to another server.
    static func remove(from headers: inout HTTPHeaders) {
        headers.remove(name: "Authorization")
        let listed: [Substring] = headers["Sec-WebSocket-Protocol"].flatMap { $0.split(separator: ",") }
        let protocols = listed.map { name in name.drop { $0 == " " } }
        guard protocols.contains(where: { $0.hasPrefix(webSocketPrefix) }) else { return }
        headers.remove(name: "Sec-WebSocket-Protocol")
        let left = protocols.filter { !$0.hasPrefix(webSocketPrefix) }
        if !left.isEmpty { headers.add(name: "Sec-WebSocket-Protocol", value: left.joined(separator: ", ")) }
    }

    private static func decode(_ text: Substring) -> String? {
        var standard = String(text.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 })
        while standard.utf8.count % 4 != 0 { standard += "=" }
        guard let data = Data(base64Encoded: standard), let token = String(validating: data, as: UTF8.self), !token.isEmpty else { return nil }
        return token
    }
}
