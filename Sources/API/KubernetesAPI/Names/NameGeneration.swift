/// Names and identifiers that the server makes up. The source of randomness is handed in.
package enum NameGeneration {
    /// No vowels, and no letters or digits that look alike, so that no words come out.
    private static let alphabet = Array("bcdfghjklmnpqrstvwxz2456789".utf8)
    private static let suffixLength = 5
    /// The longest name that is generated; a longer base is cut to leave room for the suffix.
    package static let maximumLength = 63

    /// `base` (a `generateName`) and five random letters.
    package static func name(base: String, using random: inout some RandomNumberGenerator) -> String {
        var base = base
        while base.utf8.count > maximumLength - suffixLength { base.removeLast() }
        return base + suffix(using: &random)
    }

    /// Random letters of the kind that names are made unique with.
    package static func suffix(length: Int = suffixLength, using random: inout some RandomNumberGenerator) -> String {
        // Twelve letters from each random word, which to the system's source of randomness may be a call of the kernel each: 27 to the power of 12
        // is so much less than 2 to the power of 64 that all letters are as likely.
        var word: UInt64 = 0
        let letters = (0..<length).map { index in
            if index % 12 == 0 { word = random.next() }
            let (rest, letter) = word.quotientAndRemainder(dividingBy: UInt64(alphabet.count))
            word = rest
            return alphabet[Int(letter)]
        }
        return String(decoding: letters, as: UTF8.self)
    }

    /// The suffix for a hash of a template: its decimal digits in the same alphabet, which keeps names of replica sets free of words.
    package static func safeEncoded(_ hash: UInt32) -> String {
        String(decoding: String(hash).utf8.map { alphabet[Int($0) % alphabet.count] }, as: UTF8.self)
    }

    /// A random UUID (version 4) in lower case.
    package static func uuid(using random: inout some RandomNumberGenerator) -> String {
        let high = random.next() & 0xFFFF_FFFF_FFFF_0FFF | 0x0000_0000_0000_4000
        let low = random.next() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(36)
        for i in 0..<32 {
            if i == 8 || i == 12 || i == 16 || i == 20 { text.append(UInt8(ascii: "-")) }
            let word = i < 16 ? high : low
            text.append(digits[Int(word >> UInt64(60 - i % 16 * 4) & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
