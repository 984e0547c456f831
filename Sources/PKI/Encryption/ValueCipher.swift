import Crypto
import FoundationEssentials
import _CryptoExtras

/// One way of encrypting values at rest with one key, in upstream's forms.
package struct ValueCipher: Sendable {
    package enum Kind: String, Sendable {
        case aesgcm
        case aescbc
        case secretbox
    }

    package let kind: Kind
    /// The key's name, as values bear it.
    package let name: String
    private let key: [UInt8]

    /// - Throws: `PKIError.malformed` for a key of the wrong length. The key itself never appears in it.
    package init(_ kind: Kind, name: String, key: [UInt8]) throws(PKIError) {
        let lengths = kind == .secretbox ? [32] : [16, 24, 32]
        guard lengths.contains(key.count) else {
            throw .malformed(
                what: "the \(kind.rawValue) key \(name)",
                reason: "it has \(key.count) bytes and must have \(lengths.map { String($0) }.joined(separator: ", "))")
        }
        self.kind = kind
        self.name = name
        self.key = key
    }

    /// What stands before everything that this key has encrypted.
    package var prefix: String { "k8s:enc:\(kind.rawValue):v1:\(name):" }

    /// - Parameter place: the value's key in the store: what is put in another place does not open there (not with aescbc).
    package func seal(_ value: [UInt8], place: String) throws(PKIError) -> [UInt8] {
        do {
            switch kind {
            case .aesgcm:
                let box = try AES.GCM.seal(value, using: SymmetricKey(data: key), nonce: AES.GCM.Nonce(), authenticating: Array(place.utf8))
                return Array(box.nonce) + Array(box.ciphertext) + Array(box.tag)
            case .aescbc:
                let iv = RandomToken.bytes(16)
                return iv + Array(try AES._CBC.encrypt(value, using: SymmetricKey(data: key), iv: AES._CBC.IV(ivBytes: iv)))
            case .secretbox:
                let nonce = RandomToken.bytes(SecretBox.nonceLength)
                return nonce + SecretBox.seal(value, key: key, nonce: nonce)
            }
        } catch {
            throw .invalidRequest(reason: "a value could not be encrypted")
        }
    }

    /// Nil when the value was not sealed with this key for this place.
    package func open(_ sealed: [UInt8], place: String) -> [UInt8]? {
        do {
            switch kind {
            case .aesgcm:
                guard sealed.count >= 28 else { return nil }
                let box = try AES.GCM.SealedBox(combined: sealed)
                return Array(try AES.GCM.open(box, using: SymmetricKey(data: key), authenticating: Array(place.utf8)))
            case .aescbc:
                guard sealed.count >= 32 else { return nil }
                return Array(
                    try AES._CBC.decrypt(Array(sealed[16...]), using: SymmetricKey(data: key), iv: AES._CBC.IV(ivBytes: Array(sealed[..<16]))))
            case .secretbox:
                guard sealed.count >= SecretBox.nonceLength + SecretBox.tagLength else { return nil }
                return SecretBox.open(Array(sealed[SecretBox.nonceLength...]), key: key, nonce: Array(sealed[..<SecretBox.nonceLength]))
            }
        } catch {
            return nil
        }
    }
}
