/// Why bytes are no protobuf message.
struct ProtobufError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Reads the fields of one protobuf message. Never reads outside its bytes.
struct ProtobufReader {
    enum Kind: UInt8 { case varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 }

    struct Field {
        let number: Int
        let kind: Kind
    }

    private let buffer: UnsafeRawBufferPointer
    private var position = 0

    init(_ buffer: UnsafeRawBufferPointer) { self.buffer = buffer }

    var isAtEnd: Bool { position >= buffer.count }

    /// The head of the next field; nil at the end. Its value must be read or skipped before the next call.
    mutating func next() throws(ProtobufError) -> Field? {
        if isAtEnd { return nil }
        let tag = try varint()
        guard let kind = Kind(rawValue: UInt8(tag & 7)), tag >> 3 > 0, tag >> 3 <= 0x1FFF_FFFF else { throw ProtobufError("illegal tag \(tag)") }
        return Field(number: Int(tag >> 3), kind: kind)
    }

    mutating func varint() throws(ProtobufError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while position < buffer.count, shift < 64 {
            let byte = buffer[position]
            position += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        throw ProtobufError(shift >= 64 ? "number too long" : "unexpected EOF")
    }

    mutating func varint(_ field: Field) throws(ProtobufError) -> UInt64 {
        guard field.kind == .varint else { throw ProtobufError("wrong wireType = \(field.kind.rawValue) for field \(field.number)") }
        return try varint()
    }

    mutating func fixed64(_ field: Field) throws(ProtobufError) -> UInt64 {
        guard field.kind == .fixed64 else { throw ProtobufError("wrong wireType = \(field.kind.rawValue) for field \(field.number)") }
        guard buffer.count - position >= 8 else { throw ProtobufError("unexpected EOF") }
        let value = buffer.loadUnaligned(fromByteOffset: position, as: UInt64.self)
        position += 8
        return UInt64(littleEndian: value)
    }

    mutating func bytes(_ field: Field) throws(ProtobufError) -> UnsafeRawBufferPointer {
        guard field.kind == .bytes else { throw ProtobufError("wrong wireType = \(field.kind.rawValue) for field \(field.number)") }
        let length = try varint()
        guard length <= UInt64(buffer.count - position) else { throw ProtobufError("unexpected EOF") }
        let start = position
        position += Int(length)
        return UnsafeRawBufferPointer(rebasing: buffer[start..<position])
    }

    mutating func text(_ field: Field) throws(ProtobufError) -> String {
        let bytes = try bytes(field)
        guard let text = String(validating: bytes, as: UTF8.self) else { throw ProtobufError("invalid UTF-8") }
        return text
    }

    mutating func skip(_ field: Field) throws(ProtobufError) {
        switch field.kind {
        case .varint: _ = try varint()
        case .bytes: _ = try bytes(field)
        case .fixed64: try advance(8)
        case .fixed32: try advance(4)
        }
    }

    private mutating func advance(_ count: Int) throws(ProtobufError) {
        guard buffer.count - position >= count else { throw ProtobufError("unexpected EOF") }
        position += count
    }
}
