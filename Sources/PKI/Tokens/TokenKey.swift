import Crypto
import FoundationEssentials
import SwiftASN1
import X509
import _CryptoExtras

/// A public key that tokens are checked with, under the id that upstream gives it: the hash of its DER form.
package struct TokenVerificationKey: Sendable {
    enum Kind: Sendable {
        case p256(P256.Signing.PublicKey)
        case rsa(_RSA.Signing.PublicKey)
    }

    let kind: Kind
    package let id: String

    /// - Throws: `PKIError.malformed` for anything but P-256 and RSA.
    package init(_ key: KeyPair) throws(PKIError) {
        try self.init(publicKey: key.privateKey.publicKey)
    }

    /// Reads a public key (`PUBLIC KEY`), as `sa.pub` holds it.
    package init(pem: [UInt8], what: String = "sa.pub") throws(PKIError) {
        let key: Certificate.PublicKey
        do {
            key = try Certificate.PublicKey(pemEncoded: String(decoding: pem, as: UTF8.self))
        } catch {
            throw .malformed(what: what, reason: "it is no public key in PEM form")
        }
        try self.init(publicKey: key)
    }

    /// Every key in a file: public keys, and the public halves of private ones. All else in it is left out.
    package static func all(pem: [UInt8], what: String) throws(PKIError) -> [TokenVerificationKey] {
        let documents: [PEMDocument]
        do {
            documents = try PEMDocument.parseMultiple(pemString: String(decoding: pem, as: UTF8.self))
        } catch {
            throw .malformed(what: what, reason: "\(error)")
        }
        var keys: [TokenVerificationKey] = []
        for document in documents {
            let text = Array(document.pemString.utf8)
            if document.discriminator.hasSuffix("PRIVATE KEY") {
                keys.append(try TokenVerificationKey(try KeyPair(pem: text, what: what)))
            } else if document.discriminator.hasSuffix("PUBLIC KEY") {
                keys.append(try TokenVerificationKey(pem: text, what: what))
            }
        }
        return keys
    }

    private init(publicKey: Certificate.PublicKey) throws(PKIError) {
        if let key = P256.Signing.PublicKey(publicKey) {
            kind = .p256(key)
        } else if let key = _RSA.Signing.PublicKey(publicKey) {
            kind = .rsa(key)
        } else {
            throw .malformed(what: "the key for tokens", reason: "only ECDSA P-256 and RSA keys can sign tokens")
        }
        do {
            var serializer = DER.Serializer()
            try serializer.serialize(publicKey)
            id = Base64URL.encode(Array(SHA256.hash(data: serializer.serializedBytes)))
        } catch {
            throw .malformed(what: "the key for tokens", reason: "\(error)")
        }
    }

    var algorithm: String {
        switch kind {
        case .p256: "ES256"
        case .rsa: "RS256"
        }
    }

    func isValid(_ signature: [UInt8], for message: [UInt8]) -> Bool {
        switch kind {
        case .p256(let key):
            do {
                return key.isValidSignature(try P256.Signing.ECDSASignature(rawRepresentation: signature), for: SHA256.hash(data: message))
            } catch {
                return false
            }
        case .rsa(let key):
            return key.isValidSignature(
                _RSA.Signing.RSASignature(rawRepresentation: signature), for: SHA256.hash(data: message), padding: .insecurePKCS1v1_5)
        }
    }

    /// One entry of a JSON Web Key Set.
    var jwk: String {
        switch kind {
        case .p256(let key):
            let raw = Array(key.rawRepresentation)
            return #"{"use":"sig","kty":"EC","kid":"\#(id)","crv":"P-256","alg":"ES256","x":"\#(Base64URL.encode(Array(raw.prefix(32))))","#
                + #""y":"\#(Base64URL.encode(Array(raw.suffix(32))))"}"#
        case .rsa(let key):
            do {
                let numbers = try key.getKeyPrimitives()
                return #"{"use":"sig","kty":"RSA","kid":"\#(id)","alg":"RS256","n":"\#(Base64URL.encode(Array(numbers.modulus)))","#
                    + #""e":"\#(Base64URL.encode(Array(numbers.publicExponent)))"}"#
            } catch {
                return #"{"use":"sig","kty":"RSA","kid":"\#(id)","alg":"RS256"}"#
            }
        }
    }
}

/// The private key that signs tokens.
struct TokenSigningKey: Sendable {
    private enum Kind: Sendable {
        case p256(P256.Signing.PrivateKey)
        case rsa(_RSA.Signing.PrivateKey)
    }

    private let kind: Kind
    let verification: TokenVerificationKey

    init(_ key: KeyPair) throws(PKIError) {
        verification = try TokenVerificationKey(key)
        do {
            let pem = String(decoding: try key.pem(), as: UTF8.self)
            switch verification.kind {
            case .p256: kind = .p256(try P256.Signing.PrivateKey(pemRepresentation: pem))
            case .rsa: kind = .rsa(try _RSA.Signing.PrivateKey(pemRepresentation: pem))
            }
        } catch {
            throw .malformed(what: "the key for tokens", reason: "it cannot be used for signing")
        }
    }

    func sign(_ message: [UInt8]) throws(PKIError) -> [UInt8] {
        do {
            switch kind {
            case .p256(let key): return Array(try key.signature(for: SHA256.hash(data: message)).rawRepresentation)
            case .rsa(let key): return Array(try key.signature(for: SHA256.hash(data: message), padding: .insecurePKCS1v1_5).rawRepresentation)
            }
        } catch {
            throw .invalidRequest(reason: "the token could not be signed")
        }
    }
}

/// Base64 with the URL alphabet and no padding, as JSON Web Tokens use it.
package enum Base64URL {
    package static func encode(_ bytes: [UInt8]) -> String {
        var text = Array(Data(bytes).base64EncodedString().utf8)
        while text.last == UInt8(ascii: "=") { text.removeLast() }
        for index in text.indices {
            if text[index] == UInt8(ascii: "+") { text[index] = UInt8(ascii: "-") }
            if text[index] == UInt8(ascii: "/") { text[index] = UInt8(ascii: "_") }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Nil for padded text and for the other alphabet.
    package static func decode(_ text: Substring) -> [UInt8]? {
        var bytes = Array(text.utf8)
        for index in bytes.indices {
            switch bytes[index] {
            case UInt8(ascii: "-"): bytes[index] = UInt8(ascii: "+")
            case UInt8(ascii: "_"): bytes[index] = UInt8(ascii: "/")
            case UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "="): return nil
            default: break
            }
        }
        while bytes.count % 4 != 0 { bytes.append(UInt8(ascii: "=")) }
        return Data(base64Encoded: String(decoding: bytes, as: UTF8.self)).map { Array($0) }
    }
}
