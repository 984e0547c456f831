import CoreV1

/// The hash by which a change of the spec is noticed that needs a new container: only name and image, as upstream since 1.31, so that
/// containers made by either agent are kept by the other.
enum ContainerHash {
    static func hash(_ container: Container) -> String {
        hash(name: container.name, image: container.image ?? "")
    }

    static func hash(name: String, image: String) -> String {
        // Upstream hashes the printed form of the JSON bytes.
        let json = "{\"image\":\(quoted(image)),\"name\":\(quoted(name))}"
        let printed = "([]uint8)[" + json.utf8.map { String($0) }.joined(separator: " ") + "]"
        return String(fnv1a(printed.utf8), radix: 16)
    }

    /// JSON text as Go writes it, which escapes what HTML could take for markup.
    private static func quoted(_ text: String) -> String {
        var result = "\""
        for character in text.unicodeScalars {
            switch character {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "<", ">", "&":
                let digits = String(character.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(character)
            }
        }
        return result + "\""
    }

    static func fnv1a(_ bytes: some Sequence<UInt8>) -> UInt32 {
        var hash: UInt32 = 2_166_136_261
        for byte in bytes {
            hash = (hash ^ UInt32(byte)) &* 16_777_619
        }
        return hash
    }
}
