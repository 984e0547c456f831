import Crypto
import SwiftASN1
package import X509

/// A private key. New ones are ECDSA P-256; RSA and other elliptic curves are read.
package struct KeyPair: Sendable {
    package let privateKey: Certificate.PrivateKey

    package init(_ privateKey: Certificate.PrivateKey) {
        self.privateKey = privateKey
    }

    package static func generate() -> KeyPair {
        KeyPair(Certificate.PrivateKey(P256.Signing.PrivateKey()))
    }

    /// Reads PKCS #8, SEC 1 and PKCS #1.
    ///
    /// - Throws: `PKIError.malformed`; `what` names the text there. The key itself never appears in it.
    package init(pem: [UInt8], what: String = "the private key") throws(PKIError) {
        do {
            privateKey = try Certificate.PrivateKey(pemEncoded: String(decoding: pem, as: UTF8.self))
        } catch {
            throw .malformed(what: what, reason: "it is no private key in PEM form")
        }
    }

    /// - Throws: `PKIError.malformed` for a key that cannot leave its device.
    package func pem() throws(PKIError) -> [UInt8] {
        do {
            return Array((try privateKey.serializeAsPEM().pemString + "\n").utf8)
        } catch {
            throw .malformed(what: "the private key", reason: "it cannot be written as PEM")
        }
    }

    package func publicKeyPEM() throws(PKIError) -> [UInt8] {
        do {
            return Array((try privateKey.publicKey.serializeAsPEM().pemString + "\n").utf8)
        } catch {
            throw .malformed(what: "the public key", reason: "it cannot be written as PEM")
        }
    }

    package func belongs(to certificate: PEMCertificate) -> Bool {
        certificate.certificate.publicKey == privateKey.publicKey
    }
}
