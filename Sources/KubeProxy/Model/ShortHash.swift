/// Eight letters that tell names apart at a glance; the names themselves stand beside them.
enum ShortHash {
    static func of(_ text: String) -> String {
        // FNV-1a, 64 bits.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
        return String((0..<8).map { letters[Int(hash >> (64 - 5 * UInt64($0 + 1)) & 31)] })
    }
}
