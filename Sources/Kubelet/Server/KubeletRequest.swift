import NIOCore
import NIOHTTP1

/// One request to the node agent, body included.
struct KubeletRequest: Sendable {
    var head: HTTPRequestHead
    var body: [UInt8]
    /// The path without query, percent-decoded.
    var path: String
    var query: [(name: String, value: String)]

    init(head: HTTPRequestHead, body: [UInt8]) {
        self.head = head
        self.body = body
        let parts = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = KubeletRequest.decode(parts.first ?? "/", plusIsBlank: false)
        query =
            parts.count < 2
            ? []
            : parts[1].split(separator: "&").map { pair in
                let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                return (
                    KubeletRequest.decode(halves[0], plusIsBlank: true), halves.count > 1 ? KubeletRequest.decode(halves[1], plusIsBlank: true) : ""
                )
            }
    }

    var wantsUpgrade: Bool {
        head.headers[canonicalForm: "connection"].contains { $0.lowercased() == "upgrade" } && head.headers.contains(name: "upgrade")
    }

    func value(_ name: String) -> String? { query.first { $0.name == name }?.value }

    func values(_ name: String) -> [String] { query.filter { $0.name == name }.map(\.value) }

    /// `1` and `true` are yes, as upstream's clients write both.
    func flag(_ names: String...) -> Bool {
        names.contains { name in value(name).map { $0 == "1" || $0.lowercased() == "true" } ?? false }
    }

    static func decode(_ text: Substring, plusIsBlank: Bool) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) {
                bytes.append(value)
                rest.removeFirst(2)
            } else {
                bytes.append(plusIsBlank && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// An answer that is an error, with the status it is sent under.
struct KubeletHTTPError: Error {
    var status: HTTPResponseStatus
    var message: String

    static func badRequest(_ message: String) -> KubeletHTTPError { .init(status: .badRequest, message: message) }
    static func notFound(_ message: String) -> KubeletHTTPError { .init(status: .notFound, message: message) }
}
