import JSON

/// Where a list that is given out in parts goes on: the same token as upstream's, opaque to clients.
struct ContinueToken: Equatable {
    /// The revision of the list; -1 when the list goes on at whatever revision is newest (an inconsistent continuation).
    let revision: Int64
    /// The last key that was given out, without the resource's prefix.
    let after: String

    init(revision: Int64, after: String) {
        self.revision = revision
        self.after = after
    }

    init(_ text: String) throws(APIStatus) {
        let bytes = Self.decode(text)
        guard let bytes, let value = try? JSONValue(parsing: bytes), value.text("v") == "meta.k8s.io/v1" else {
            throw .badRequest("invalid continue token: continue key is not valid: the token cannot be read")
        }
        let start = value.text("start")
        guard !start.isEmpty, !start.split(separator: "/").contains("..") else {
            throw .badRequest(
                "invalid continue token: continue key is not valid: \(start.isEmpty ? "encoded start key empty (version meta.k8s.io/v1)" : start)")
        }
        revision = value.number("rv")
        // Upstream's tokens name the key at which to go on: the last one with a zero byte behind it.
        after = start.hasSuffix("\0") ? String(start.dropLast()) : start
        guard revision != 0 else {
            throw .badRequest("invalid continue token: continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)")
        }
    }

    var text: String {
        let value: JSONValue = ["v": "meta.k8s.io/v1", "rv": .integer(revision), "start": .string(after + "\0")]
        return Self.encode(value.serialized())
    }

    // Base64 for URLs, without padding.
    private static func encode(_ bytes: [UInt8]) -> String {
        var text = Base64.encode(bytes)
        while text.hasSuffix("=") { text.removeLast() }
        return String(text.map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 })
    }

    private static func decode(_ text: String) -> [UInt8]? {
        var standard = String(text.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 })
        while standard.utf8.count % 4 != 0 { standard += "=" }
        return Base64.decode(standard)
    }
}
