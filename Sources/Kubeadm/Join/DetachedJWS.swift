import Crypto
import JSON
import PKI

/// A JSON Web Signature (HS256) whose content is elsewhere: `header..signature`.
enum DetachedJWS {
    /// Whether who signed the content knows the token.
    static func isValid(_ signature: String, content: [UInt8], token: BootstrapToken) -> Bool {
        let parts = signature.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[1].isEmpty, let headerBytes = Base64URL.decode(parts[0]), let header = try? JSONValue(parsing: headerBytes),
            header["alg"]?.stringValue == "HS256", header["kid"]?.stringValue == token.id, let given = Base64URL.decode(parts[2])
        else { return false }
        let message = Array("\(parts[0]).\(Base64URL.encode(content))".utf8)
        return HMAC<SHA256>.isValidAuthenticationCode(given, authenticating: message, using: SymmetricKey(data: Array(token.secret.utf8)))
    }
}
