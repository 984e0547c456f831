import Crypto
import PKI

/// A secret from which a key of its own is derived for every value: however many values are written, no key is used twice.
package struct DataKeySeed: Sendable {
    static let length = 32
    /// Random bytes before every value, which tell its key from the others.
    static let infoLength = 32

    private let bytes: SymmetricKey

    /// A new one.
    package init() {
        bytes = SymmetricKey(size: .bits256)
    }

    /// - Throws: `KeyManagementError` for one that is too short.
    package init(_ bytes: [UInt8]) throws(KeyManagementError) {
        guard bytes.count >= Self.length else { throw KeyManagementError("the decrypted seed has only \(bytes.count) bytes") }
        self.bytes = SymmetricKey(data: bytes)
    }

    /// For the key management service, and nobody else.
    package var secret: [UInt8] { bytes.withUnsafeBytes { Array($0) } }

    /// - Parameter place: the value's key in the store: what is put in another place does not open there.
    package func seal(_ value: [UInt8], place: String) throws -> [UInt8] {
        let info = RandomToken.bytes(Self.infoLength)
        let box = try AES.GCM.seal(value, using: key(info), nonce: AES.GCM.Nonce(), authenticating: Array(place.utf8))
        return info + Array(box.nonce) + Array(box.ciphertext) + Array(box.tag)
    }

    /// - Throws: when the value was not sealed with this seed for this place.
    package func open(_ sealed: [UInt8], place: String) throws -> [UInt8] {
        guard sealed.count >= Self.infoLength + 28 else { throw KeyManagementError("the stored data are too short") }
        let box = try AES.GCM.SealedBox(combined: sealed[Self.infoLength...])
        return Array(try AES.GCM.open(box, using: key(Array(sealed[..<Self.infoLength])), authenticating: Array(place.utf8)))
    }

    private func key(_ info: [UInt8]) -> SymmetricKey {
        HKDF<SHA256>.expand(pseudoRandomKey: bytes, info: info, outputByteCount: 32)
    }
}
