/// Writes just enough protobuf for the tests.
struct Message {
    var bytes: [UInt8] = []

    func text(_ number: UInt8, _ text: String) -> Message { data(number, Array(text.utf8)) }
    func message(_ number: UInt8, _ message: Message) -> Message { data(number, message.bytes) }
    func number(_ number: UInt8, _ value: UInt64) -> Message {
        var result = Message(bytes: bytes + [number << 3])
        result.bytes += varint(value)
        return result
    }
    func data(_ number: UInt8, _ data: [UInt8]) -> Message { Message(bytes: bytes + [number << 3 | 2] + varint(UInt64(data.count)) + data) }

    private func varint(_ value: UInt64) -> [UInt8] {
        var value = value
        var bytes: [UInt8] = []
        while value >= 0x80 {
            bytes.append(UInt8(value & 0x7F) | 0x80)
            value >>= 7
        }
        return bytes + [UInt8(value)]
    }

    /// An entry of a map.
    func entry(_ number: UInt8, _ key: String, _ value: Message) -> Message { message(number, Message().text(1, key).message(2, value)) }

    func entry(_ number: UInt8, _ key: String, _ value: String) -> Message { message(number, Message().text(1, key).text(2, value)) }

    /// With the envelope.
    func object(_ apiVersion: String, _ kind: String) -> [UInt8] {
        [0x6B, 0x38, 0x73, 0x00] + Message().message(1, Message().text(1, apiVersion).text(2, kind)).message(2, self).text(3, "").text(4, "").bytes
    }
}
