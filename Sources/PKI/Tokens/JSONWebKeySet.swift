import Crypto
import FoundationEssentials
import JSON
import _CryptoExtras

/// The public keys with which somebody else's tokens are checked (RFC 7517). Keys of unknown kinds are left out.
package struct JSONWebKeySet: Sendable {
    private enum Key: Sendable {
        case p256(P256.Signing.PublicKey)
        case p384(P384.Signing.PublicKey)
        case p521(P521.Signing.PublicKey)
        case rsa(_RSA.Signing.PublicKey)
    }

    private let keys: [(id: String?, algorithm: String?, key: Key)]

    /// All signature algorithms that can be checked. None of them is symmetric: a public key never is a secret.
    package static let algorithms: Set<String> = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]

    package static let empty = JSONWebKeySet(keys: [])

    private init(keys: [(id: String?, algorithm: String?, key: Key)]) {
        self.keys = keys
    }

    /// - Throws: `PKIError.malformed` for what is no key set.
    package init(_ bytes: [UInt8]) throws(PKIError) {
        let list: [JSONValue]?
        do { list = try JSONValue(parsing: bytes)["keys"]?.arrayValue } catch { list = nil }
        guard let list else { throw .malformed(what: "the key set", reason: "it is no JSON object with a list of keys") }
        keys = list.compactMap { json in
            if let use = json["use"]?.stringValue, use != "sig" { return nil }
            return Self.key(json).map { (json["kid"]?.stringValue, json["alg"]?.stringValue, $0) }
        }
    }

    package func has(keyID: String) -> Bool { keys.contains { $0.id == keyID } }

    /// Whether one of the keys made the token's signature, with one of `allowed` algorithms.
    package func verify(_ token: JSONWebToken, allowed: Set<String> = algorithms) -> Bool {
        guard allowed.contains(token.algorithm), Self.algorithms.contains(token.algorithm) else { return false }
        return keys.contains { id, algorithm, key in
            if let wanted = token.keyID, let id, id != wanted { return false }
            // What a key is for is the key's word, not the token's.
            if let algorithm, algorithm != token.algorithm { return false }
            return Self.isValid(token, key)
        }
    }

    private static func key(_ json: JSONValue) -> Key? {
        func bytes(_ name: String) -> [UInt8]? { json[name]?.stringValue.flatMap { Base64URL.decode($0[...]) } }
        do {
            switch json["kty"]?.stringValue {
            case "RSA":
                guard let n = bytes("n"), let e = bytes("e"), n.count >= 256 else { return nil }
                return .rsa(try _RSA.Signing.PublicKey(n: n, e: e))
            case "EC":
                guard let x = bytes("x"), let y = bytes("y") else { return nil }
                switch json["crv"]?.stringValue {
                case "P-256": return .p256(try P256.Signing.PublicKey(rawRepresentation: x + y))
                case "P-384": return .p384(try P384.Signing.PublicKey(rawRepresentation: x + y))
                case "P-521": return .p521(try P521.Signing.PublicKey(rawRepresentation: x + y))
                default: return nil
                }
            default: return nil
            }
        } catch {
            return nil
        }
    }

    private static func isValid(_ token: JSONWebToken, _ key: Key) -> Bool {
        let (message, signature) = (token.message, token.signature)
        do {
            switch (key, token.algorithm) {
            case (.p256(let key), "ES256"):
                return key.isValidSignature(try P256.Signing.ECDSASignature(rawRepresentation: signature), for: SHA256.hash(data: message))
            case (.p384(let key), "ES384"):
                return key.isValidSignature(try P384.Signing.ECDSASignature(rawRepresentation: signature), for: SHA384.hash(data: message))
            case (.p521(let key), "ES512"):
                return key.isValidSignature(try P521.Signing.ECDSASignature(rawRepresentation: signature), for: SHA512.hash(data: message))
            case (.rsa(let key), let algorithm):
                let padding: _RSA.Signing.Padding = algorithm.hasPrefix("PS") ? .PSS : .insecurePKCS1v1_5
                let signature = _RSA.Signing.RSASignature(rawRepresentation: signature)
                switch algorithm {
                case "RS256", "PS256": return key.isValidSignature(signature, for: SHA256.hash(data: message), padding: padding)
                case "RS384", "PS384": return key.isValidSignature(signature, for: SHA384.hash(data: message), padding: padding)
                case "RS512", "PS512": return key.isValidSignature(signature, for: SHA512.hash(data: message), padding: padding)
                default: return false
                }
            default: return false
            }
        } catch {
            return false
        }
    }
}
