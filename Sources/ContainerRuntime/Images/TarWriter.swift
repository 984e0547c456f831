/// Makes the headers of a tar archive (POSIX ustar), the same bytes for the same input: owner root, time 0.
enum Tar {
    static let blockBytes = 512

    enum Kind: UInt8 {
        case file = 0x30
        case symlink = 0x32
        case directory = 0x35
    }

    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    /// A name may have 255 bytes if it can be cut at a slash into at most 155 and 100.
    static func header(_ name: String, kind: Kind, mode: UInt32, size: Int64 = 0, target: String = "") throws(Failure) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: blockBytes)
        func put(_ text: some Sequence<UInt8>, at offset: Int) {
            for (index, byte) in text.enumerated() { block[offset + index] = byte }
        }
        func octal(_ value: Int64, digits: Int) -> [UInt8] {
            let text = String(value, radix: 8)
            return Array((String(repeating: "0", count: max(0, digits - text.count)) + text).utf8)
        }
        let (prefix, last) = try split(name)
        guard target.utf8.count <= 100 else { throw Failure(description: "the link target \(target) is too long for a tar archive") }
        guard size >= 0 && size < 1 << 33 else { throw Failure(description: "\(name) is too big for a tar archive") }
        put(last, at: 0)
        put(octal(Int64(mode), digits: 7), at: 100)
        put(octal(0, digits: 7), at: 108)
        put(octal(0, digits: 7), at: 116)
        put(octal(size, digits: 11), at: 124)
        put(octal(0, digits: 11), at: 136)
        put([UInt8](repeating: 0x20, count: 8), at: 148)
        block[156] = kind.rawValue
        put(target.utf8, at: 157)
        put("ustar".utf8, at: 257)
        put("00".utf8, at: 263)
        put(prefix, at: 345)
        let sum = block.reduce(0) { $0 + Int64($1) }
        put(octal(sum, digits: 6), at: 148)
        block[154] = 0
        return block
    }

    /// Zeros from the end of a file's content to the next block.
    static func padding(after size: Int64) -> [UInt8] {
        [UInt8](repeating: 0, count: Int((Int64(blockBytes) - size % Int64(blockBytes)) % Int64(blockBytes)))
    }

    /// The two empty blocks that close an archive.
    static let end = [UInt8](repeating: 0, count: 2 * blockBytes)

    private static func split(_ name: String) throws(Failure) -> (prefix: ArraySlice<UInt8>, last: ArraySlice<UInt8>) {
        let bytes = Array(name.utf8)
        if bytes.count <= 100 { return ([], bytes[...]) }
        for index in bytes.indices where bytes[index] == UInt8(ascii: "/") && index <= 155 && bytes.count - index - 1 <= 100 {
            return (bytes[..<index], bytes[(index + 1)...])
        }
        throw Failure(description: "the name \(name) is too long for a tar archive")
    }
}
