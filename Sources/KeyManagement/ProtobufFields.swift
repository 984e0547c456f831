/// The few parts of the protocol buffers' wire form that the interface needs: texts, bytes, numbers and maps of bytes.
struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    /// Empty values are left out, as everywhere in this form.
    mutating func field(_ number: UInt64, _ value: [UInt8]) {
        if value.isEmpty { return }
        varint(number << 3 | 2)
        varint(UInt64(value.count))
        bytes += value
    }

    mutating func field(_ number: UInt64, _ text: String) { field(number, Array(text.utf8)) }

    mutating func field(_ number: UInt64, _ value: UInt64) {
        if value == 0 { return }
        varint(number << 3)
        varint(value)
    }

    mutating func field(_ number: UInt64, _ map: [String: [UInt8]]) {
        for (key, value) in map.sorted(by: { $0.key < $1.key }) {
            var entry = ProtobufWriter()
            entry.field(1, key)
            entry.field(2, value)
            // An entry stands for itself even when there is nothing in it.
            varint(number << 3 | 2)
            varint(UInt64(entry.bytes.count))
            bytes += entry.bytes
        }
    }

    private mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}

/// Reads what `ProtobufWriter` writes. Fields that nobody asks for are skipped.
struct ProtobufReader {
    enum Value {
        case number(UInt64)
        case bytes([UInt8])
        /// Of a fixed length; nothing here has such fields.
        case other

        var bytes: [UInt8] { if case .bytes(let bytes) = self { bytes } else { [] } }

        /// Nil for what is no text.
        var text: String? { String(validating: bytes, as: UTF8.self) }
    }

    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) {
        rest = bytes[...]
    }

    /// Nil at the end.
    ///
    /// - Throws: `KeyManagementError` for bytes in another form.
    mutating func next() throws(KeyManagementError) -> (number: UInt64, value: Value)? {
        if rest.isEmpty { return nil }
        let tag = try varint()
        let number = tag >> 3
        guard number > 0 else { throw malformed }
        switch tag & 7 {
        case 0: return (number, .number(try varint()))
        case 1:
            try skip(8)
            return (number, .other)
        case 2:
            guard let length = Int(exactly: try varint()), length <= rest.count else { throw malformed }
            let bytes = Array(rest.prefix(length))
            rest = rest.dropFirst(length)
            return (number, .bytes(bytes))
        case 5:
            try skip(4)
            return (number, .other)
        default: throw malformed
        }
    }

    /// An entry of a map.
    static func entry(_ value: Value) throws(KeyManagementError) -> (key: String, value: [UInt8]) {
        var reader = ProtobufReader(value.bytes)
        var entry: (key: String, value: [UInt8]) = ("", [])
        while let field = try reader.next() {
            switch field.number {
            case 1:
                guard let key = field.value.text else { throw reader.malformed }
                entry.key = key
            case 2: entry.value = field.value.bytes
            default: break
            }
        }
        return entry
    }

    private mutating func skip(_ count: Int) throws(KeyManagementError) {
        guard rest.count >= count else { throw malformed }
        rest = rest.dropFirst(count)
    }

    private mutating func varint() throws(KeyManagementError) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard let byte = rest.popFirst() else { throw malformed }
            // The tenth byte has room for one bit only.
            if shift == 63, byte > 1 { throw malformed }
            value |= UInt64(byte & 0x7f) << shift
            if byte & 0x80 == 0 { return value }
        }
        throw malformed
    }

    private var malformed: KeyManagementError { KeyManagementError("the bytes are no protocol buffer message") }
}
