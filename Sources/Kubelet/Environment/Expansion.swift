/// Expansion of `$(NAME)` references in commands, arguments, values and sub-paths.
enum Expansion {
    /// Replaces `$(NAME)` by what `lookup` returns; a reference it knows nothing of stays as it is. `$$` stands for `$`.
    static func expand(_ text: String, _ lookup: (String) -> String?) -> String {
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            guard byte == UInt8(ascii: "$"), index + 1 < bytes.count else {
                result.append(byte)
                index += 1
                continue
            }
            switch bytes[index + 1] {
            case UInt8(ascii: "$"):
                result.append(byte)
                index += 2
            case UInt8(ascii: "("):
                guard let end = bytes[(index + 2)...].firstIndex(of: UInt8(ascii: ")")) else {
                    // Without an end it is no reference.
                    result.append(contentsOf: [byte, bytes[index + 1]])
                    index += 2
                    continue
                }
                let name = String(decoding: bytes[(index + 2)..<end], as: UTF8.self)
                if let value = lookup(name) {
                    result.append(contentsOf: value.utf8)
                } else {
                    result.append(contentsOf: bytes[index...end])
                }
                index = end + 1
            default:
                // A lone operator: it and the character after it stay.
                result.append(contentsOf: [byte, bytes[index + 1]])
                index += 2
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    static func expand(_ text: String, _ values: [String: String]) -> String {
        expand(text) { values[$0] }
    }
}
