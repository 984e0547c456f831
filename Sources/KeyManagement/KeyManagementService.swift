/// Guards the keys with which data keys are encrypted, and never hands them out.
package protocol KeyManagementService: Sendable {
    func status() async throws -> KeyManagementStatus
    /// - Parameter id: names this call in logs on both sides.
    func encrypt(_ plaintext: [UInt8], id: String) async throws -> GuardedKey
    func decrypt(_ key: GuardedKey, id: String) async throws -> [UInt8]
}

package struct KeyManagementStatus: Sendable, Equatable {
    /// Of the interface; `v2`.
    package var version: String
    /// `ok`, or what is wrong.
    package var health: String
    /// The key that encrypts now.
    package var keyID: String

    package init(version: String = "v2", health: String = "ok", keyID: String) {
        self.version = version
        self.health = health
        self.keyID = keyID
    }
}

/// A data key, or the seed of data keys, as a key management service has encrypted it.
package struct GuardedKey: Sendable, Hashable {
    package var ciphertext: [UInt8]
    package var keyID: String
    /// What the service wants to be told again at decryption.
    package var annotations: [String: [UInt8]]

    package init(ciphertext: [UInt8], keyID: String, annotations: [String: [UInt8]] = [:]) {
        self.ciphertext = ciphertext
        self.keyID = keyID
        self.annotations = annotations
    }

    static let keyIDBytesMax = 1 << 10
    static let ciphertextBytesMax = 1 << 10
    static let annotationBytesMax = 32 << 10

    /// What is wrong with it; nil if nothing is.
    package var problem: String? {
        if ciphertext.isEmpty { return "the encrypted key is empty" }
        if ciphertext.count > Self.ciphertextBytesMax { return "the encrypted key has more than \(Self.ciphertextBytesMax) bytes" }
        if keyID.isEmpty { return "the key's id is empty" }
        if keyID.utf8.count > Self.keyIDBytesMax { return "the key's id has more than \(Self.keyIDBytesMax) bytes" }
        if annotations.reduce(0, { $0 + $1.key.utf8.count + $1.value.count }) > Self.annotationBytesMax {
            return "the annotations have more than \(Self.annotationBytesMax) bytes"
        }
        if let name = annotations.keys.sorted().first(where: { !$0.contains(".") }) {
            return "the annotation \(name) must be a fully qualified domain name"
        }
        return nil
    }
}

/// A key management service that cannot be used.
package struct KeyManagementError: Error, Equatable, CustomStringConvertible {
    package var description: String

    package init(_ description: String) {
        self.description = description
    }
}
