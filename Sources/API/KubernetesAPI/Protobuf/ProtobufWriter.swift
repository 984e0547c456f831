/// Writes the wire format of protobuf. A message inside another stands in place behind its length, which is set when the message ends.
struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    mutating func write(_ number: Int, varint value: UInt64) {
        key(number, wireType: 0)
        varint(value)
    }

    mutating func write(_ number: Int, fixed64 value: UInt64) {
        key(number, wireType: 1)
        for shift in stride(from: 0, to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(shift))) }
    }

    mutating func write(_ number: Int, text: String) {
        key(number, wireType: 2)
        var text = text
        text.withUTF8 { utf8 in
            varint(UInt64(utf8.count))
            bytes.append(contentsOf: utf8)
        }
    }

    mutating func write(_ number: Int, bytes value: [UInt8]) {
        key(number, wireType: 2)
        varint(UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    /// Begins a message inside this one.
    /// - Returns: what `endMessage` wants to know.
    mutating func beginMessage(_ number: Int) -> Int {
        key(number, wireType: 2)
        // Most messages are shorter than 128 bytes, so that one byte holds their length; longer ones move by the bytes that are missing.
        bytes.append(0)
        return bytes.count
    }

    mutating func endMessage(_ start: Int) {
        let length = bytes.count - start
        guard length >= 0x80 else {
            bytes[start - 1] = UInt8(length)
            return
        }
        var size = ProtobufWriter()
        size.varint(UInt64(length))
        bytes.replaceSubrange((start - 1)..<start, with: size.bytes)
    }

    private mutating func key(_ number: Int, wireType: UInt64) { varint(UInt64(number) << 3 | wireType) }

    private mutating func varint(_ value: UInt64) {
        var value = value
        while value >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
            value >>= 7
        }
        bytes.append(UInt8(value))
    }
}
