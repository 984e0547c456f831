extension JSONWriter {
    /// A quoted string, escaped as Go's encoder does with HTML escaping off: quote, backslash, control characters, U+2028 and U+2029.
    mutating func string(_ v: String) {
        let done: Void? = v.utf8.withContiguousStorageIfAvailable { string(UnsafeRawBufferPointer($0)) }
        if done == nil {
            var copy = v
            copy.withUTF8 { string(UnsafeRawBufferPointer($0)) }
        }
    }

    private mutating func string(_ source: UnsafeRawBufferPointer) {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let length = source.count
        // Whole words are stored before they are known to be plain: hence room for seven more bytes.
        let start = reserve(length + 10)
        start.storeBytes(of: UInt8(ascii: "\""), as: UInt8.self)
        guard let from = source.baseAddress else {
            start.storeBytes(of: UInt8(ascii: "\""), toByteOffset: 1, as: UInt8.self)
            wrote(2)
            return
        }
        let target = start + 1
        var i = 0
        while i + 8 <= length {
            let word = UInt64(littleEndian: from.loadUnaligned(fromByteOffset: i, as: UInt64.self))
            let quote = word ^ 0x2222_2222_2222_2222
            let backslash = word ^ 0x5C5C_5C5C_5C5C_5C5C
            let special =
                (((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash) | ((word &- 0x2020_2020_2020_2020) & ~word)
                    | ((word ^ 0xE2E2_E2E2_E2E2_E2E2) &- ones & ~(word ^ 0xE2E2_E2E2_E2E2_E2E2))) & 0x8080_8080_8080_8080
            if special != 0 { break }
            target.storeBytes(of: word.littleEndian, toByteOffset: i, as: UInt64.self)
            i += 8
        }
        while i < length {
            let byte = from.load(fromByteOffset: i, as: UInt8.self)
            if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte == 0xE2 {
                wrote(1 + i)
                escaped(UnsafeRawBufferPointer(rebasing: source[i...]))
                return
            }
            target.storeBytes(of: byte, toByteOffset: i, as: UInt8.self)
            i += 1
        }
        target.storeBytes(of: UInt8(ascii: "\""), toByteOffset: length, as: UInt8.self)
        wrote(length + 2)
    }

    /// The rest of a string that needs escapes, and the closing quote.
    @inline(never)
    private mutating func escaped(_ source: UnsafeRawBufferPointer) {
        // Six bytes is the longest escape.
        var target = reserve(source.count * 6 + 1)
        let start = target
        func put(_ byte: UInt8) {
            target.storeBytes(of: byte, as: UInt8.self)
            target += 1
        }
        func hexadecimal(_ digit: UInt8) -> UInt8 {
            digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
        }
        var i = 0
        while i < source.count {
            let byte = source[i]
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                put(UInt8(ascii: "\\"))
                put(byte)
            case 0x08, 0x09, 0x0A, 0x0C, 0x0D:
                put(UInt8(ascii: "\\"))
                put(
                    byte == 0x08
                        ? UInt8(ascii: "b")
                        : byte == 0x09
                            ? UInt8(ascii: "t")
                            : byte == 0x0A
                                ? UInt8(ascii: "n")
                                : byte == 0x0C ? UInt8(ascii: "f") : UInt8(ascii: "r"))
            case 0x00..<0x20:
                for letter in "\\u00".utf8 { put(letter) }
                put(hexadecimal(byte >> 4))
                put(hexadecimal(byte & 15))
            case 0xE2 where i + 2 < source.count && source[i + 1] == 0x80 && source[i + 2] & 0xFE == 0xA8:
                for letter in "\\u202".utf8 { put(letter) }
                put(hexadecimal(source[i + 2] & 15))
                i += 2
            default:
                put(byte)
            }
            i += 1
        }
        put(UInt8(ascii: "\""))
        wrote(target - start)
    }
}
