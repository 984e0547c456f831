/// The messages of the interface (package `v2`, service `KeyManagementService`) in their wire form.
enum Messages {
    static func status(_ bytes: [UInt8]) throws(KeyManagementError) -> KeyManagementStatus {
        var status = KeyManagementStatus(version: "", health: "", keyID: "")
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            switch field.number {
            case 1: status.version = try text(field.value)
            case 2: status.health = try text(field.value)
            case 3: status.keyID = try text(field.value)
            default: break
            }
        }
        return status
    }

    static func encryptRequest(_ plaintext: [UInt8], id: String) -> [UInt8] {
        var writer = ProtobufWriter()
        writer.field(1, plaintext)
        writer.field(2, id)
        return writer.bytes
    }

    static func encryptResponse(_ bytes: [UInt8]) throws(KeyManagementError) -> GuardedKey {
        var key = GuardedKey(ciphertext: [], keyID: "")
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            switch field.number {
            case 1: key.ciphertext = field.value.bytes
            case 2: key.keyID = try text(field.value)
            case 3:
                let entry = try ProtobufReader.entry(field.value)
                key.annotations[entry.key] = entry.value
            default: break
            }
        }
        return key
    }

    static func decryptRequest(_ key: GuardedKey, id: String) -> [UInt8] {
        var writer = ProtobufWriter()
        writer.field(1, key.ciphertext)
        writer.field(2, id)
        writer.field(3, key.keyID)
        writer.field(4, key.annotations)
        return writer.bytes
    }

    static func decryptResponse(_ bytes: [UInt8]) throws(KeyManagementError) -> [UInt8] {
        var plaintext: [UInt8] = []
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            if field.number == 1 { plaintext = field.value.bytes }
        }
        return plaintext
    }

    private static func text(_ value: ProtobufReader.Value) throws(KeyManagementError) -> String {
        guard let text = value.text else { throw KeyManagementError("a text of the key management plug-in is not UTF-8") }
        return text
    }
}
