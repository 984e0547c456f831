import FoundationEssentials
import SwiftProtobuf

/// A stored value and the guarded seed that opens it, in upstream's form: the message `EncryptedObject`.
package struct Envelope: Sendable {
    package var key: GuardedKey
    package var data: [UInt8]

    package init(key: GuardedKey, data: [UInt8]) {
        self.key = key
        self.data = data
    }

    /// - Throws: `KeyManagementError` for what is no such value.
    package init(serialized bytes: [UInt8]) throws(KeyManagementError) {
        let stored: KMSEncryptedObject
        do {
            stored = try KMSEncryptedObject(serializedBytes: bytes)
        } catch {
            throw KeyManagementError("the bytes are no protocol buffer message: \(error)")
        }
        // Version 1.28 and older stored a data key.
        guard stored.encryptedDekSourceType == .hkdfSha256XnonceAesGcmSeed else {
            throw KeyManagementError("the stored data were encrypted in the way of version 1.28 and older, which is not supported")
        }
        data = Array(stored.encryptedData)
        key = GuardedKey(
            ciphertext: Array(stored.encryptedDekSource), keyID: stored.keyID, annotations: stored.annotations.mapValues { Array($0) })
        if data.isEmpty { throw KeyManagementError("the encrypted data are empty") }
        if let problem = key.problem { throw KeyManagementError(problem) }
    }

    package func serialized() throws -> [UInt8] {
        var stored = KMSEncryptedObject()
        stored.encryptedData = Data(data)
        stored.keyID = key.keyID
        stored.encryptedDekSource = Data(key.ciphertext)
        stored.annotations = key.annotations.mapValues { Data($0) }
        stored.encryptedDekSourceType = .hkdfSha256XnonceAesGcmSeed
        return try stored.serializedBytes()
    }
}
