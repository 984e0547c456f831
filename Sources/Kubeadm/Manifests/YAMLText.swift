import JSON

/// A tree as YAML that people like to read: members in their order, lists under their name.
enum YAMLText {
    static func of(_ value: JSONValue) -> String {
        var text = ""
        write(value, indent: 0, &text)
        return text
    }

    private static func write(_ value: JSONValue, indent: Int, _ text: inout String) {
        let pad = String(repeating: " ", count: indent)
        switch value {
        case .object(let object) where !object.isEmpty:
            for (key, member) in object {
                text += pad + scalar(key) + ":"
                writeMember(member, indent: indent, &text)
            }
        case .array(let items) where !items.isEmpty:
            for item in items {
                var inner = ""
                if case .object(let object) = item, !object.isEmpty {
                    write(item, indent: indent + 2, &inner)
                    text += pad + "- " + inner.dropFirst(indent + 2)
                } else {
                    text += pad + "-"
                    writeMember(item, indent: indent + 2, &text)
                }
            }
        default: text += pad + leaf(value) + "\n"
        }
    }

    private static func writeMember(_ value: JSONValue, indent: Int, _ text: inout String) {
        switch value {
        case .object(let object) where !object.isEmpty:
            text += "\n"
            write(value, indent: indent + 2, &text)
        case .array(let items) where !items.isEmpty:
            text += "\n"
            write(value, indent: indent, &text)
        case .string(let string) where string.contains("\n") && isBlock(string):
            text += string.hasSuffix("\n") ? " |\n" : " |-\n"
            let pad = String(repeating: " ", count: indent + 2)
            for line in (string.hasSuffix("\n") ? string.dropLast() : string[...]).split(separator: "\n", omittingEmptySubsequences: false) {
                text += line.isEmpty ? "\n" : pad + line + "\n"
            }
        default: text += " " + leaf(value) + "\n"
        }
    }

    /// Whether a text of several lines can be written as it is.
    private static func isBlock(_ text: String) -> Bool {
        !text.hasPrefix(" ") && !text.hasPrefix("\n") && !text.hasSuffix("\n\n") && text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x0A }
    }

    private static func leaf(_ value: JSONValue) -> String {
        switch value {
        case .string(let text): scalar(text)
        case .object: "{}"
        case .array: "[]"
        default: String(decoding: value.serialized(), as: UTF8.self)
        }
    }

    /// A text without quotes where it cannot be taken for anything else.
    private static func scalar(_ text: String) -> String {
        let isPlain =
            text.utf8.first.map { isLetter($0) || $0 == UInt8(ascii: "/") } == true
            && text.utf8.allSatisfy { isLetter($0) || isDigit($0) || "-_./:@=+,".utf8.contains($0) } && !text.hasSuffix(":")
            && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(text.lowercased())
        return isPlain ? text : String(decoding: JSONValue.string(text).serialized(), as: UTF8.self)
    }

    private static func isLetter(_ byte: UInt8) -> Bool { byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z") }
    private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }
}
