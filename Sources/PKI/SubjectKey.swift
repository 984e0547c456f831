import Crypto
import SwiftASN1
import X509
import _CryptoExtras

/// The public key that a certificate is for.
package struct SubjectKey: Sendable, Equatable {
    private let key: Certificate.PublicKey

    /// Reads a key with its algorithm (SubjectPublicKeyInfo): RSA, ECDSA on P-256, P-384 and P-521, Ed25519.
    ///
    /// - Throws: `PKIError.malformed`.
    package init(der: [UInt8]) throws(PKIError) {
        do {
            key = try Certificate.PublicKey(derEncoded: der)
        } catch {
            throw .malformed(what: "the public key", reason: "\(error)")
        }
    }

    package init(of request: SigningRequest) { key = request.request.publicKey }

    package init(of certificate: PEMCertificate) { key = certificate.certificate.publicKey }

    /// How long an RSA key's modulus is; nil for other keys.
    package var rsaBits: Int? { _RSA.Signing.PublicKey(key)?.keySizeInBits }

    /// Whether who holds the private key has signed `message`: the message itself with Ed25519, its SHA-256 digest with all others, which with RSA
    /// means PSS with a salt as long as the digest.
    package func isSignature(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        if let key = Curve25519.Signing.PublicKey(key) { return key.isValidSignature(signature, for: message) }
        let digest = SHA256.hash(data: message)
        do {
            if let key = P256.Signing.PublicKey(key) { return key.isValidSignature(try .init(derRepresentation: signature), for: digest) }
            if let key = P384.Signing.PublicKey(key) { return key.isValidSignature(try .init(derRepresentation: signature), for: digest) }
            if let key = P521.Signing.PublicKey(key) { return key.isValidSignature(try .init(derRepresentation: signature), for: digest) }
        } catch {
            return false
        }
        guard let key = _RSA.Signing.PublicKey(key) else { return false }
        return key.isValidSignature(.init(rawRepresentation: signature), for: digest, padding: .PSS)
    }
}
