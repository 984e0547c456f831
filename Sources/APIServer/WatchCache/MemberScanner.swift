/// Finds members of JSON objects in bytes without building anything from them.
///
/// Made for the objects the server itself wrote: names are compared as they stand, without unescaping, and what lies beside the path is skipped
/// rather than checked. Bytes that are no JSON lead to nil, never out of bounds.
struct MemberScanner {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var position: Int

    private init(_ bytes: UnsafeBufferPointer<UInt8>, at position: Int) {
        self.bytes = bytes
        self.position = position
    }

    /// Where the value at `path` stands, without the space around it; nil when it is not there.
    static func value(at path: [String], in bytes: UnsafeBufferPointer<UInt8>) -> Range<Int>? {
        var scanner = MemberScanner(bytes, at: 0)
        scanner.skipSpace()
        for name in path {
            guard scanner.enterMember(name) else { return nil }
        }
        let start = scanner.position
        guard scanner.skipValue() else { return nil }
        return start..<scanner.position
    }

    /// From the start of an object to the start of the value of one of its members.
    private mutating func enterMember(_ name: String) -> Bool {
        guard take(UInt8(ascii: "{")) else { return false }
        skipSpace()
        if peek == UInt8(ascii: "}") { return false }
        while true {
            skipSpace()
            let nameStart = position + 1
            guard skipString() else { return false }
            let found = equal(nameStart..<(position - 1), name)
            skipSpace()
            guard take(UInt8(ascii: ":")) else { return false }
            skipSpace()
            if found { return true }
            guard skipValue() else { return false }
            skipSpace()
            guard take(UInt8(ascii: ",")) else { return false }
        }
    }

    private func equal(_ range: Range<Int>, _ name: String) -> Bool {
        var index = range.lowerBound
        for byte in name.utf8 {
            guard index < range.upperBound, bytes[index] == byte else { return false }
            index += 1
        }
        return index == range.upperBound
    }

    private var peek: UInt8? {
        position < bytes.count ? bytes[position] : nil
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard peek == byte else { return false }
        position += 1
        return true
    }

    private mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private mutating func skipString() -> Bool {
        guard take(UInt8(ascii: "\"")) else { return false }
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                position += 1
                return true
            case UInt8(ascii: "\\"):
                position += 2
            default:
                position += 1
            }
        }
        return false
    }

    private mutating func skipValue() -> Bool {
        switch peek {
        case nil:
            return false
        case UInt8(ascii: "\""):
            return skipString()
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            return skipContainer()
        default:
            let start = position
            while let byte = peek, !Self.endsScalar(byte) { position += 1 }
            return position > start
        }
    }

    private mutating func skipContainer() -> Bool {
        var depth = 0
        while let byte = peek {
            switch byte {
            case UInt8(ascii: "\""):
                guard skipString() else { return false }
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                if depth == 0 {
                    position += 1
                    return true
                }
            default:
                break
            }
            position += 1
        }
        return false
    }

    private static func endsScalar(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: ","), UInt8(ascii: "}"), UInt8(ascii: "]"), 0x20, 0x0A, 0x0D, 0x09: true
        default: false
        }
    }
}
