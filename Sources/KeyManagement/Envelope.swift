/// A stored value and the guarded seed that opens it, in upstream's form: the message `EncryptedObject`.
package struct Envelope: Sendable {
    package var key: GuardedKey
    package var data: [UInt8]

    /// What the guarded key is: a seed from which data keys are derived. Version 1.28 and older stored a data key (0).
    private static let seedSource: UInt64 = 1

    package init(key: GuardedKey, data: [UInt8]) {
        self.key = key
        self.data = data
    }

    /// - Throws: `KeyManagementError` for what is no such value.
    package init(serialized bytes: [UInt8]) throws(KeyManagementError) {
        key = GuardedKey(ciphertext: [], keyID: "")
        data = []
        var source: UInt64 = 0
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            switch field.number {
            case 1: data = field.value.bytes
            case 2: key.keyID = field.value.text ?? ""
            case 3: key.ciphertext = field.value.bytes
            case 4:
                let entry = try ProtobufReader.entry(field.value)
                key.annotations[entry.key] = entry.value
            case 5: if case .number(let number) = field.value { source = number }
            default: break
            }
        }
        guard source == Self.seedSource else {
            throw KeyManagementError("the stored data were encrypted in the way of version 1.28 and older, which is not supported")
        }
        if data.isEmpty { throw KeyManagementError("the encrypted data are empty") }
        if let problem = key.problem { throw KeyManagementError(problem) }
    }

    package var serialized: [UInt8] {
        var writer = ProtobufWriter()
        writer.field(1, data)
        writer.field(2, key.keyID)
        writer.field(3, key.ciphertext)
        writer.field(4, key.annotations)
        writer.field(5, Self.seedSource)
        return writer.bytes
    }
}
