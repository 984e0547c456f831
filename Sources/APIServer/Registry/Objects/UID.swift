/// Random UUIDs (version 4) as objects bear them.
enum UID {
    static func random() -> String {
        var generator = SystemRandomNumberGenerator()
        let high = generator.next() & 0xFFFF_FFFF_FFFF_0FFF | 0x4000
        let low = generator.next() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        let digits: StaticString = "0123456789abcdef"
        return String(unsafeUninitializedCapacity: 36) { text in
            var position = 0
            for (index, half) in [high, low].enumerated() {
                for nibble in 0..<16 {
                    let number = index * 16 + nibble
                    if number == 8 || number == 12 || number == 16 || number == 20 {
                        text[position] = UInt8(ascii: "-")
                        position += 1
                    }
                    text[position] = digits.utf8Start[Int(half >> UInt64((15 - nibble) * 4) & 15)]
                    position += 1
                }
            }
            return position
        }
    }
}

/// Names for objects that only say how their name begins.
enum NameGenerator {
    /// Without vowels and digits that read like them, so that no words come out.
    private static let alphabet = Array("bcdfghjklmnpqrstvwxz2456789".utf8)
    static let suffixLength = 5
    static let baseLengthMax = 63 - suffixLength

    static func name(from base: String) -> String {
        var bytes = Array(base.utf8.prefix(baseLengthMax))
        for _ in 0..<suffixLength { bytes.append(alphabet[Int.random(in: 0..<alphabet.count)]) }
        return String(decoding: bytes, as: UTF8.self)
    }
}
