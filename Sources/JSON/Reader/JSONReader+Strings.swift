extension JSONReader {
    struct StringScan {
        var escaped: Bool
    }

    /// Passes over a string from behind its opening quote to behind its closing one, and checks it: escapes, control characters, UTF-8.
    @inline(__always)
    mutating func scanString() throws(JSONError) -> StringScan {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        var place = position
        // Eight bytes at a time. The lowest flagged byte is exact; only bytes above it may be flagged wrongly (a borrow).
        while place + 8 <= end {
            let word = UInt64(littleEndian: base.loadUnaligned(fromByteOffset: place, as: UInt64.self))
            let quote = word ^ 0x2222_2222_2222_2222
            let backslash = word ^ 0x5C5C_5C5C_5C5C_5C5C
            let special =
                (((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash) | ((word &- 0x2020_2020_2020_2020) & ~word) | word) & highs
            if special == 0 {
                place += 8
                continue
            }
            place += special.trailingZeroBitCount >> 3
            if base.load(fromByteOffset: place, as: UInt8.self) == UInt8(ascii: "\"") {
                position = place + 1
                return StringScan(escaped: false)
            }
            break
        }
        return try scanStringSlowly(from: place)
    }

    /// The rest of `scanString` for strings with escapes or beyond ASCII, and near the document's end.
    @inline(never)
    private mutating func scanStringSlowly(from start: Int) throws(JSONError) -> StringScan {
        var place = start
        var escaped = false
        while place < end {
            let byte = base.load(fromByteOffset: place, as: UInt8.self)
            switch byte {
            case UInt8(ascii: "\""):
                position = place + 1
                return StringScan(escaped: escaped)
            case UInt8(ascii: "\\"):
                escaped = true
                place = try checkEscape(at: place)
            case 0x00..<0x20:
                throw JSONError(.syntax, at: place, "control character 0x\(String(byte, radix: 16)) in a string")
            case 0x80...0xFF:
                place = try checkSequence(at: place)
            default:
                place += 1
            }
        }
        throw JSONError(.unexpectedEnd, at: end, "unexpected end of the document in a string")
    }

    /// Checks the escape at a backslash and returns the place behind it.
    private func checkEscape(at place: Int) throws(JSONError) -> Int {
        guard place + 1 < end else { throw JSONError(.unexpectedEnd, at: end, "unexpected end of the document in a string") }
        switch base.load(fromByteOffset: place + 1, as: UInt8.self) {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"),
            UInt8(ascii: "t"):
            return place + 2
        case UInt8(ascii: "u"):
            guard hexadecimal(at: place + 2) != nil else { throw JSONError(.syntax, at: place, "\\u without four hexadecimal digits in a string") }
            return place + 6
        default:
            throw JSONError(.syntax, at: place, "unknown escape in a string")
        }
    }

    private func hexadecimal(at place: Int) -> UInt32? {
        guard place + 4 <= end else { return nil }
        var value: UInt32 = 0
        for i in 0..<4 {
            let byte = base.load(fromByteOffset: place + i, as: UInt8.self)
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: return nil
            }
            value = value << 4 | UInt32(digit)
        }
        return value
    }

    /// Checks one UTF-8 sequence of more than one byte (Unicode, table 3-7) and returns the place behind it.
    private func checkSequence(at place: Int) throws(JSONError) -> Int {
        func byte(_ i: Int) -> UInt8 { place + i < end ? base.load(fromByteOffset: place + i, as: UInt8.self) : 0 }
        let second = byte(1)
        let secondRange: ClosedRange<UInt8>
        let length: Int
        switch byte(0) {
        case 0xC2...0xDF: (length, secondRange) = (2, 0x80...0xBF)
        case 0xE0: (length, secondRange) = (3, 0xA0...0xBF)
        case 0xED: (length, secondRange) = (3, 0x80...0x9F)
        case 0xE1...0xEF: (length, secondRange) = (3, 0x80...0xBF)
        case 0xF0: (length, secondRange) = (4, 0x90...0xBF)
        case 0xF1...0xF3: (length, secondRange) = (4, 0x80...0xBF)
        case 0xF4: (length, secondRange) = (4, 0x80...0x8F)
        default: throw JSONError(.invalidUTF8, at: place, "invalid UTF-8 in a string")
        }
        guard secondRange.contains(second) else { throw JSONError(.invalidUTF8, at: place, "invalid UTF-8 in a string") }
        for i in 2..<max(length, 2) where byte(i) & 0xC0 != 0x80 {
            throw JSONError(.invalidUTF8, at: place, "invalid UTF-8 in a string")
        }
        return place + length
    }

    /// The string between two quotes, which has been scanned.
    @inline(__always)
    func makeString(from start: Int, to stop: Int, escaped: Bool) -> String {
        if escaped { return unescape(from: start, to: stop) }
        return String(decoding: UnsafeRawBufferPointer(start: base + start, count: stop - start), as: UTF8.self)
    }

    /// As Go's decoder, a half of a surrogate pair on its own becomes U+FFFD.
    @inline(never)
    private func unescape(from start: Int, to stop: Int) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(stop - start)
        var place = start
        while place < stop {
            let byte = base.load(fromByteOffset: place, as: UInt8.self)
            guard byte == UInt8(ascii: "\\") else {
                bytes.append(byte)
                place += 1
                continue
            }
            let kind = base.load(fromByteOffset: place + 1, as: UInt8.self)
            place += 2
            switch kind {
            case UInt8(ascii: "b"): bytes.append(0x08)
            case UInt8(ascii: "f"): bytes.append(0x0C)
            case UInt8(ascii: "n"): bytes.append(0x0A)
            case UInt8(ascii: "r"): bytes.append(0x0D)
            case UInt8(ascii: "t"): bytes.append(0x09)
            case UInt8(ascii: "u"):
                var code = hexadecimal(at: place) ?? 0xFFFD
                place += 4
                if code & 0xFC00 == 0xD800, place + 6 <= stop, base.load(fromByteOffset: place, as: UInt8.self) == UInt8(ascii: "\\"),
                    base.load(fromByteOffset: place + 1, as: UInt8.self) == UInt8(ascii: "u"),
                    let low = hexadecimal(at: place + 2), low & 0xFC00 == 0xDC00
                {
                    code = 0x10000 + ((code & 0x3FF) << 10 | (low & 0x3FF))
                    place += 6
                }
                let scalar = Unicode.Scalar(code) ?? "\u{FFFD}"
                bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            default: bytes.append(kind)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The string at the position; null and other types are an error.
    package mutating func readString() throws(JSONError) -> String {
        guard try peekToken() == UInt8(ascii: "\"") else { throw mismatch("a string") }
        position += 1
        let start = position
        let scan = try scanString()
        return makeString(from: start, to: position - 1, escaped: scan.escaped)
    }

    /// The UTF-8 bytes of the string at the position, for value types that parse themselves from bytes. The buffer is valid during the call only.
    package mutating func readString<R>(_ body: (UnsafeRawBufferPointer) -> R) throws(JSONError) -> R {
        guard try peekToken() == UInt8(ascii: "\"") else { throw mismatch("a string") }
        position += 1
        let start = position
        let scan = try scanString()
        if scan.escaped {
            var string = unescape(from: start, to: position - 1)
            return string.withUTF8 { body(UnsafeRawBufferPointer($0)) }
        }
        return body(UnsafeRawBufferPointer(start: base + start, count: position - 1 - start))
    }
}
