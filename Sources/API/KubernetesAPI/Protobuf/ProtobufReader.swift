/// Why bytes are not a protobuf message of the expected type.
package struct ProtobufError: Error, Sendable, CustomStringConvertible {
    package var description: String

    static let truncated = ProtobufError(description: "unexpected end of the message")
}

/// Reads the wire format of protobuf: fields one after the other, in whatever order they come.
struct ProtobufReader {
    enum Value {
        case varint(UInt64)
        case fixed64(UInt64)
        case bytes(ArraySlice<UInt8>)
        case fixed32(UInt32)
    }

    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) {
        rest = bytes
    }

    /// The next field's number and value; nil at the end.
    mutating func next() throws(ProtobufError) -> (number: Int, value: Value)? {
        guard !rest.isEmpty else { return nil }
        let key = try varint()
        guard let number = Int(exactly: key >> 3), number > 0 else { throw ProtobufError(description: "a field has no valid number") }
        switch key & 7 {
        case 0: return (number, .varint(try varint()))
        case 1: return (number, .fixed64(try fixed(8)))
        case 2:
            guard let length = Int(exactly: try varint()), length <= rest.count else { throw .truncated }
            defer { rest = rest.dropFirst(length) }
            return (number, .bytes(rest.prefix(length)))
        case 5: return (number, .fixed32(UInt32(truncatingIfNeeded: try fixed(4))))
        default: throw ProtobufError(description: "field \(number) has the unknown wire type \(key & 7)")
        }
    }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func varint() throws(ProtobufError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while let byte = rest.popFirst() {
            guard shift < 64 else { throw ProtobufError(description: "a number has more than 64 bits") }
            value |= UInt64(byte & 0x7f) << shift
            if byte & 0x80 == 0 { return value }
            shift += 7
        }
        throw .truncated
    }

    private mutating func fixed(_ count: Int) throws(ProtobufError) -> UInt64 {
        guard rest.count >= count else { throw .truncated }
        var value: UInt64 = 0
        for (index, byte) in rest.prefix(count).enumerated() { value |= UInt64(byte) << UInt64(8 * index) }
        rest = rest.dropFirst(count)
        return value
    }
}
