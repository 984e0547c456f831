/// How far a YAML document could grow by aliases that stand for parts which hold aliases themselves.
package enum YAMLAliases {
    /// Bytes that a document may stand for.
    private static let expandedBytesMax = 64 << 20

    /// Whether a document is not to be read: a few lines could fill the memory.
    ///
    /// Looks at the text alone, before anything is made of it, and counts what looks like an anchor (`&a`) or an alias (`*a`), wherever it stands.
    package static func areExcessive(_ document: some Collection<UInt8>) -> Bool {
        var (anchors, aliases) = (0, 0)
        var (before, sign): (UInt8, UInt8) = (UInt8(ascii: "\n"), 0)
        for byte in document {
            if sign != 0, isName(byte) {
                if sign == UInt8(ascii: "&") { anchors += 1 } else { aliases += 1 }
            }
            sign = (byte == UInt8(ascii: "&") || byte == UInt8(ascii: "*")) && mayPrecede(before) ? byte : 0
            before = byte
        }
        guard anchors > 0, aliases > 0 else { return false }
        // At worst each part holds as many aliases of the part before it as the others.
        let factor = 1 + Double(aliases) / Double(anchors)
        var expanded = Double(document.count)
        for _ in 0..<anchors {
            expanded *= factor
            if expanded > Double(expandedBytesMax) { return true }
        }
        return false
    }

    private static func isName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    private static func mayPrecede(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: ","),
            UInt8(ascii: ":"), UInt8(ascii: "-"), UInt8(ascii: "?"), UInt8(ascii: "]"), UInt8(ascii: "}"), UInt8(ascii: "\""), UInt8(ascii: "'"):
            true
        // Other marks of lines, of which the last byte is one of these.
        case 0x85, 0xA8, 0xA9: true
        default: false
        }
    }
}
