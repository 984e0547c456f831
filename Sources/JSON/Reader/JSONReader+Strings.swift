extension JSONReader {
    struct StringScan {
        var escaped: Bool
    }

    /// Flags the quotes, backslashes, control characters and bytes beyond ASCII of eight bytes. Only the lowest flag is exact: a borrow may flag
    /// bytes above it wrongly.
    @inline(__always)
    private static func special(in word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quote = word ^ 0x2222_2222_2222_2222
        let backslash = word ^ 0x5C5C_5C5C_5C5C_5C5C
        return ((quote &- ones) | (backslash &- ones) | (word &- 0x2020_2020_2020_2020) | word) & 0x8080_8080_8080_8080
    }

    /// Passes over a string from behind its opening quote to behind its closing one, and checks it: escapes, control characters, UTF-8.
    @inline(__always)
    mutating func scanString() throws(JSONError) -> StringScan {
        var place = position
        while place + 8 <= end {
            let special = Self.special(in: UInt64(littleEndian: base.loadUnaligned(fromByteOffset: place, as: UInt64.self)))
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
            if place + 8 <= end {
                let special = Self.special(in: UInt64(littleEndian: base.loadUnaligned(fromByteOffset: place, as: UInt64.self)))
                if special == 0 {
                    place += 8
                    continue
                }
                place += special.trailingZeroBitCount >> 3
            }
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
        let length = stop - start
        if length <= 15 {
            // Strings that are kept without allocation are made faster so.
            return String(unsafeUninitializedCapacity: length) { buffer in
                guard let target = buffer.baseAddress else { return 0 }
                UnsafeMutableRawPointer(target).copyMemory(from: base + start, byteCount: length)
                return length
            }
        }
        return String(decoding: UnsafeRawBufferPointer(start: base + start, count: stop - start), as: UTF8.self)
    }

    /// As Go's decoder, a half of a surrogate pair on its own becomes U+FFFD.
    @inline(never)
    private func unescape(from start: Int, to stop: Int) -> String {
        // No escape is shorter than what it stands for.
        String(unsafeUninitializedCapacity: stop - start) { buffer in
            guard let target = UnsafeMutableRawPointer(buffer.baseAddress) else { return 0 }
            var place = start
            var count = 0
            while place < stop {
                let plain = plainBytes(from: place, to: stop)
                (target + count).copyMemory(from: base + place, byteCount: plain)
                count += plain
                place += plain
                guard place < stop else { break }
                let (scalar, length) = unescapedScalar(at: place, before: stop)
                for byte in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter {
                    target.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
                    count += 1
                }
                place += length
            }
            return count
        }
    }

    /// How many bytes there are before the next backslash.
    private func plainBytes(from start: Int, to stop: Int) -> Int {
        var place = start
        while place + 8 <= stop {
            let backslash = UInt64(littleEndian: base.loadUnaligned(fromByteOffset: place, as: UInt64.self)) ^ 0x5C5C_5C5C_5C5C_5C5C
            let found = (backslash &- 0x0101_0101_0101_0101) & ~backslash & 0x8080_8080_8080_8080
            if found != 0 { return place + found.trailingZeroBitCount >> 3 - start }
            place += 8
        }
        while place < stop, base.load(fromByteOffset: place, as: UInt8.self) != UInt8(ascii: "\\") { place += 1 }
        return place - start
    }

    /// What the escape at a place, which has been checked, stands for, and its length.
    private func unescapedScalar(at place: Int, before stop: Int) -> (Unicode.Scalar, length: Int) {
        let kind = base.load(fromByteOffset: place + 1, as: UInt8.self)
        switch kind {
        case UInt8(ascii: "b"): return ("\u{8}", 2)
        case UInt8(ascii: "f"): return ("\u{C}", 2)
        case UInt8(ascii: "n"): return ("\n", 2)
        case UInt8(ascii: "r"): return ("\r", 2)
        case UInt8(ascii: "t"): return ("\t", 2)
        case UInt8(ascii: "u"):
            let code = hexadecimal(at: place + 2) ?? 0xFFFD
            if code & 0xFC00 == 0xD800, place + 12 <= stop, base.load(fromByteOffset: place + 6, as: UInt8.self) == UInt8(ascii: "\\"),
                base.load(fromByteOffset: place + 7, as: UInt8.self) == UInt8(ascii: "u"), let low = hexadecimal(at: place + 8),
                low & 0xFC00 == 0xDC00
            {
                return (Unicode.Scalar(0x10000 + ((code & 0x3FF) << 10 | (low & 0x3FF))) ?? "\u{FFFD}", 12)
            }
            return (Unicode.Scalar(code) ?? "\u{FFFD}", 6)
        default: return (Unicode.Scalar(kind), 2)
        }
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
