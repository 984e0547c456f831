/// Standard base64 with padding (RFC 4648, section 4), as JSON carries bytes.
package enum Base64 {
    private static let alphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

    private static func value(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(byte - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(byte - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }

    /// nil when the text is not base64. As Go's decoder, line breaks are passed over and the unused bits of the last character may be anything.
    package static func decode(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3)
        var group: UInt32 = 0
        var digits = 0
        var padding = 0
        for byte in text {
            if byte == 0x0A || byte == 0x0D { continue }
            if byte == UInt8(ascii: "=") {
                padding += 1
                guard digits >= 2, digits + padding <= 4 else { return nil }
                continue
            }
            guard padding == 0, let value = value(byte) else { return nil }
            group = group << 6 | value
            digits += 1
            if digits == 4 {
                bytes.append(UInt8(truncatingIfNeeded: group >> 16))
                bytes.append(UInt8(truncatingIfNeeded: group >> 8))
                bytes.append(UInt8(truncatingIfNeeded: group))
                group = 0
                digits = 0
            }
        }
        switch (digits, padding) {
        case (0, 0): break
        case (2, 2): bytes.append(UInt8(truncatingIfNeeded: group >> 4))
        case (3, 1):
            bytes.append(UInt8(truncatingIfNeeded: group >> 10))
            bytes.append(UInt8(truncatingIfNeeded: group >> 2))
        default: return nil
        }
        return bytes
    }

    package static func decode(_ text: String) -> [UInt8]? {
        var text = text
        return text.withUTF8 { decode(UnsafeRawBufferPointer($0)) }
    }

    package static func encode(_ bytes: [UInt8]) -> String {
        String(unsafeUninitializedCapacity: encodedCount(bytes.count)) { buffer in
            guard let base = buffer.baseAddress else { return 0 }
            return encode(bytes, to: UnsafeMutableRawPointer(base))
        }
    }

    static func encodedCount(_ count: Int) -> Int { (count + 2) / 3 * 4 }

    /// Writes `encodedCount` bytes.
    static func encode(_ bytes: [UInt8], to target: UnsafeMutableRawPointer) -> Int {
        let letters = alphabet.utf8Start
        return bytes.withUnsafeBufferPointer { bytes in
            var place = 0
            var i = 0
            while i < bytes.count {
                let left = bytes.count - i
                let second = left > 1 ? bytes[i + 1] : 0
                let third = left > 2 ? bytes[i + 2] : 0
                let group = UInt32(bytes[i]) << 16 | UInt32(second) << 8 | UInt32(third)
                target.storeBytes(of: letters[Int(group >> 18)], toByteOffset: place, as: UInt8.self)
                target.storeBytes(of: letters[Int(group >> 12 & 63)], toByteOffset: place + 1, as: UInt8.self)
                target.storeBytes(of: left > 1 ? letters[Int(group >> 6 & 63)] : UInt8(ascii: "="), toByteOffset: place + 2, as: UInt8.self)
                target.storeBytes(of: left > 2 ? letters[Int(group & 63)] : UInt8(ascii: "="), toByteOffset: place + 3, as: UInt8.self)
                place += 4
                i += 3
            }
            return place
        }
    }
}
