package import JSON

/// A signed JSON Web Token in its compact form, taken apart. Nothing of it is to be believed before `JSONWebKeySet.verify`.
package struct JSONWebToken: Sendable {
    package let algorithm: String
    package let keyID: String?
    package let claims: JSONValue
    let message: [UInt8]
    let signature: [UInt8]

    private static let bytesMax = 64 << 10

    /// Nil for text in another form.
    package init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, text.utf8.count <= Self.bytesMax, let header = Base64URL.decode(parts[0]).flatMap(Self.parse),
            let claims = Base64URL.decode(parts[1]).flatMap(Self.parse), claims.objectValue != nil, let signature = Base64URL.decode(parts[2]),
            let algorithm = header["alg"]?.stringValue
        else { return nil }
        // A header that must be understood and is not makes the token unreadable (RFC 7515, 4.1.11).
        if header["crit"] != nil { return nil }
        self.algorithm = algorithm
        keyID = header["kid"]?.stringValue
        self.claims = claims
        self.signature = signature
        message = Array(text.utf8.prefix(parts[0].utf8.count + 1 + parts[1].utf8.count))
    }

    private static func parse(_ bytes: [UInt8]) -> JSONValue? {
        do {
            return try JSONValue(parsing: bytes)
        } catch {
            return nil
        }
    }
}
