package import JSON

/// Writes the OpenAPI document of version 2 as protobuf, the only form that kubectl before 1.27 reads.
package struct OpenAPIProtobuf {
    /// A part of the document that its protobuf form has no place for.
    package struct Unknown: Error, CustomStringConvertible {
        package let description: String
    }

    /// - Throws: `Unknown`, naming the member.
    package static func document(_ tree: JSONValue) throws(Unknown) -> [UInt8] {
        var bytes: [UInt8] = []
        try OpenAPIProtobuf().write(tree, "Document", to: &bytes)
        return bytes
    }

    private func write(_ value: JSONValue, _ name: String, to bytes: inout [UInt8]) throws(Unknown) {
        guard let message = OpenAPIMessages.all[name] else { throw Unknown(description: "message \(name)") }
        // A message of one repeated field stands for an array in JSON.
        if case .array = value, let field = message["value"] { return try write(value, field, to: &bytes) }
        guard let members = value.objectValue else { throw Unknown(description: "\(name) is no object") }
        for (key, member) in members {
            if let field = message[key] {
                try write(member, field, to: &bytes)
            } else if let field = key.hasPrefix("x-") ? message["x-"] ?? message["*"] : message["*"] {
                var entry: [UInt8] = []
                Self.string(key, 1, to: &entry)
                try write(member, OpenAPIMessages.Field(number: 2, type: field.type), to: &entry)
                Self.bytes(entry, field.number, to: &bytes)
            } else {
                throw Unknown(description: "\(name).\(key)")
            }
        }
    }

    private func write(_ value: JSONValue, _ field: OpenAPIMessages.Field, to bytes: inout [UInt8]) throws(Unknown) {
        switch field.type {
        case .repeated(let element):
            for item in value.arrayValue ?? [] { try write(item, .init(number: field.number, type: element), to: &bytes) }
        case .inside(let number, let inner):
            var outer: [UInt8] = []
            try write(value, .init(number: number, type: inner), to: &outer)
            Self.bytes(outer, field.number, to: &bytes)
        case .message(let name):
            var inner: [UInt8] = []
            try write(value, name, to: &inner)
            Self.bytes(inner, field.number, to: &bytes)
        case .parameter:
            try write(value, .init(number: field.number, type: Self.parameter(value)), to: &bytes)
        case .any:
            // YAML is asked for, and JSON is YAML.
            var inner: [UInt8] = []
            Self.bytes(value.serialized() + [0x0a], 2, to: &inner)
            Self.bytes(inner, field.number, to: &bytes)
        case .string: Self.string(value.stringValue ?? "", field.number, to: &bytes)
        case .bool:
            guard value.boolValue == true else { return }
            Self.varint(UInt64(field.number) << 3, to: &bytes)
            bytes.append(1)
        case .integer:
            Self.varint(UInt64(field.number) << 3, to: &bytes)
            Self.varint(UInt64(bitPattern: value.integerValue ?? 0), to: &bytes)
        case .double:
            Self.varint(UInt64(field.number) << 3 | 1, to: &bytes)
            let number = value.integerValue.map(Double.init) ?? Double(String(decoding: value.serialized(), as: UTF8.self)) ?? 0
            withUnsafeBytes(of: number.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
        }
    }

    /// Where a parameter stands tells which message it is.
    private static func parameter(_ value: JSONValue) -> OpenAPIMessages.FieldType {
        if value["$ref"] != nil { return .inside(2, .message("Reference")) }
        return switch value["in"]?.stringValue {
        case "body": .inside(1, .inside(1, .message("BodyParameter")))
        case "path": .inside(1, .inside(2, .inside(4, .message("PathParameter"))))
        default: .inside(1, .inside(2, .inside(3, .message("QueryParameter"))))
        }
    }

    private static func string(_ text: String, _ number: Int, to bytes: inout [UInt8]) {
        varint(UInt64(number) << 3 | 2, to: &bytes)
        varint(UInt64(text.utf8.count), to: &bytes)
        bytes.append(contentsOf: text.utf8)
    }

    private static func bytes(_ content: [UInt8], _ number: Int, to bytes: inout [UInt8]) {
        varint(UInt64(number) << 3 | 2, to: &bytes)
        varint(UInt64(content.count), to: &bytes)
        bytes.append(contentsOf: content)
    }

    private static func varint(_ value: UInt64, to bytes: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }
}
