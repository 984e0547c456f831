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
        var isPlain = true
        if length >= 8 {
            // The last word may overlap the one before it.
            var i = 0
            while isPlain && i + 8 < length {
                isPlain = Self.copyWord(from + i, target + i)
                i += 8
            }
            isPlain = isPlain && Self.copyWord(from + length - 8, target + length - 8)
        } else if length >= 4 {
            let head = UInt64(from.loadUnaligned(as: UInt32.self))
            let tail = UInt64(from.loadUnaligned(fromByteOffset: length - 4, as: UInt32.self))
            target.storeBytes(of: UInt32(truncatingIfNeeded: head), as: UInt32.self)
            target.storeBytes(of: UInt32(truncatingIfNeeded: tail), toByteOffset: length - 4, as: UInt32.self)
            isPlain = !Self.needsCare(head | tail << 32)
        } else {
            var i = 0
            while i < length {
                let byte = from.load(fromByteOffset: i, as: UInt8.self)
                target.storeBytes(of: byte, toByteOffset: i, as: UInt8.self)
                isPlain = isPlain && byte >= 0x20 && byte < 0x80 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
                i += 1
            }
        }
        if isPlain {
            target.storeBytes(of: UInt8(ascii: "\""), toByteOffset: length, as: UInt8.self)
            wrote(length + 2)
        } else {
            wrote(1)
            escaped(source)
        }
    }

    /// Copies eight bytes; false when one of them is not plain.
    @inline(__always)
    private static func copyWord(_ from: UnsafeRawPointer, _ target: UnsafeMutableRawPointer) -> Bool {
        let word = from.loadUnaligned(as: UInt64.self)
        target.storeBytes(of: word, as: UInt64.self)
        return !needsCare(word)
    }

    /// Whether one of eight bytes is a quote, a backslash, a control character, or beyond ASCII.
    @inline(__always)
    private static func needsCare(_ word: UInt64) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quote = word ^ 0x2222_2222_2222_2222
        let backslash = word ^ 0x5C5C_5C5C_5C5C_5C5C
        // A borrow from a lower byte may flag a byte wrongly, but only above one that is flagged rightly.
        return ((quote &- ones) | (backslash &- ones) | (word &- 0x2020_2020_2020_2020) | word) & 0x8080_8080_8080_8080 != 0
    }

    /// A string that needs escapes or may need them, and the closing quote.
    @inline(never)
    private mutating func escaped(_ source: UnsafeRawBufferPointer) {
        var i = 0
        while i < source.count {
            // Room for some bytes at a time: six is the longest escape, and a whole word may be stored past the last.
            let stop = min(i + 512, source.count)
            let start = reserve((stop - i) * 6 + 16)
            var target = start
            while i < stop {
                if i + 8 <= source.count {
                    let word = UInt64(littleEndian: source.loadUnaligned(fromByteOffset: i, as: UInt64.self))
                    target.storeBytes(of: word.littleEndian, as: UInt64.self)
                    let special = Self.escapes(in: word)
                    let plain = special == 0 ? 8 : special.trailingZeroBitCount >> 3
                    i += plain
                    target += plain
                    if special == 0 { continue }
                }
                i += Self.escape(source, at: i, to: &target)
            }
            wrote(target - start)
        }
        byte(UInt8(ascii: "\""))
    }

    /// Flags the quotes, backslashes, control characters and bytes 0xE2 of eight bytes. Only the lowest flag is exact.
    @inline(__always)
    private static func escapes(in word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quote = word ^ 0x2222_2222_2222_2222
        let backslash = word ^ 0x5C5C_5C5C_5C5C_5C5C
        let separator = word ^ 0xE2E2_E2E2_E2E2_E2E2
        return
            (((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash) | ((separator &- ones) & ~separator)
            | ((word &- 0x2020_2020_2020_2020) & ~word)) & 0x8080_8080_8080_8080
    }

    /// Writes one byte, escaped if need be, and returns how many bytes of the source that was.
    private static func escape(_ source: UnsafeRawBufferPointer, at i: Int, to target: inout UnsafeMutableRawPointer) -> Int {
        let byte = source[i]
        let short: UInt8
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): short = byte
        case 0x08: short = UInt8(ascii: "b")
        case 0x09: short = UInt8(ascii: "t")
        case 0x0A: short = UInt8(ascii: "n")
        case 0x0C: short = UInt8(ascii: "f")
        case 0x0D: short = UInt8(ascii: "r")
        case 0x00..<0x20:
            put(UInt32(byte), to: &target)
            return 1
        case 0xE2 where i + 2 < source.count && source[i + 1] == 0x80 && source[i + 2] & 0xFE == 0xA8:
            // U+2028 and U+2029, which JavaScript takes for line ends.
            put(0x2000 | UInt32(source[i + 2] & 0x3F), to: &target)
            return 3
        default:
            target.storeBytes(of: byte, as: UInt8.self)
            target += 1
            return 1
        }
        target.storeBytes(of: UInt8(ascii: "\\"), as: UInt8.self)
        target.storeBytes(of: short, toByteOffset: 1, as: UInt8.self)
        target += 2
        return 1
    }

    /// `\u` and four hexadecimal digits.
    private static func put(_ code: UInt32, to target: inout UnsafeMutableRawPointer) {
        target.storeBytes(of: UInt8(ascii: "\\"), as: UInt8.self)
        target.storeBytes(of: UInt8(ascii: "u"), toByteOffset: 1, as: UInt8.self)
        for i in 0..<4 {
            let digit = UInt8(truncatingIfNeeded: code >> UInt32(12 - i * 4) & 15)
            let letter = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
            target.storeBytes(of: letter, toByteOffset: 2 + i, as: UInt8.self)
        }
        target += 6
    }
}
