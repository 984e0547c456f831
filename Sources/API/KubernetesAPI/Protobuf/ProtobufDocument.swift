package import JSON

/// An object as clients send it in `application/vnd.kubernetes.protobuf`: `k8s\0`, then `runtime.Unknown` with the type's name and its message.
package enum ProtobufDocument {
    package static let contentType = "application/vnd.kubernetes.protobuf"
    private static let magic: [UInt8] = [0x6b, 0x38, 0x73, 0x00]
    /// Types that every group version has under its own name.
    private static let commonKinds: Set<String> = [
        "CreateOptions", "DeleteOptions", "GetOptions", "ListOptions", "PartialObjectMetadata", "PatchOptions", "Status", "UpdateOptions",
        "WatchEvent",
    ]

    /// The document as JSON would have it.
    ///
    /// - Parameter fallback: what it is, when it does not say so itself.
    package static func tree(_ bytes: [UInt8], as fallback: GroupVersionKind? = nil) throws(ProtobufError) -> JSONValue {
        guard bytes.starts(with: magic) else {
            throw ProtobufError(description: "provided data does not appear to be a protobuf message, expected prefix \(magic)")
        }
        var apiVersion = ""
        var kind = ""
        var raw = bytes[bytes.endIndex...]
        var reader = ProtobufReader(bytes.dropFirst(magic.count))
        while let (number, value) = try reader.next() {
            guard case .bytes(let part) = value else { continue }
            switch number {
            case 1:
                var meta = ProtobufReader(part)
                while let (number, value) = try meta.next() {
                    guard case .bytes(let text) = value else { continue }
                    if number == 1 { apiVersion = String(decoding: text, as: UTF8.self) }
                    if number == 2 { kind = String(decoding: text, as: UTF8.self) }
                }
            case 2: raw = part
            default: break
            }
        }
        var type = GroupVersionKind(apiVersion: apiVersion, kind: kind)
        if kind.isEmpty, let fallback { type = fallback }
        let schema = try known(type)
        var object = try ProtobufDecoder().message(raw, schema, depth: 0)
        if schema.field("kind") != nil || !kind.isEmpty {
            object["apiVersion"] = .string(type.apiVersion)
            object["kind"] = .string(type.kind)
        }
        return .object(object)
    }

    /// The schema of everything that is sent at the top level: kinds, their lists, and what every group version has under its own name.
    package static func schema(of kind: GroupVersionKind) -> Schema? {
        if let schema = Schema.of(kind) { return schema }
        if commonKinds.contains(kind.kind), let schema = Schema.named("meta.v1.\(kind.kind)") { return schema }
        guard kind.kind.hasSuffix("List") else { return nil }
        return schema(of: GroupVersionKind(group: kind.group, version: kind.version, kind: String(kind.kind.dropLast(4)))).map(list)
    }

    private static func known(_ kind: GroupVersionKind) throws(ProtobufError) -> Schema {
        guard let schema = schema(of: kind) else {
            throw ProtobufError(description: "no kind \"\(kind.kind)\" is registered for version \"\(kind.apiVersion)\"")
        }
        return schema
    }

    private static func list(of item: Schema) -> Schema {
        Schema(
            name: item.name + "List", openAPIName: item.openAPIName + "List",
            fields: [
                Schema.Field(name: "metadata", type: .object(Schema.Reference("meta.v1.ListMeta")), protobufPath: [1]),
                Schema.Field(name: "items", type: .array(.object(Schema.Reference(item))), protobufPath: [2]),
            ])
    }

    /// An object's message, without the envelope.
    ///
    /// - Parameter schema: by the object's apiVersion and kind, if not given.
    /// - Throws: when the object is not as the schema says.
    package static func message(_ tree: JSONValue, _ schema: Schema? = nil) throws(ProtobufError) -> [UInt8] {
        guard let object = tree.objectValue else { throw ProtobufError(description: "not an object") }
        let type: Schema
        if let schema {
            type = schema
        } else {
            type = try Self.known(GroupVersionKind(apiVersion: tree["apiVersion"]?.stringValue ?? "", kind: tree["kind"]?.stringValue ?? ""))
        }
        var encoder = ProtobufEncoder()
        try encoder.fields(of: object, ProtobufFields.of(type))
        return encoder.writer.bytes
    }

    /// A list's message from those of its objects.
    package static func list(metadata: JSONValue, items: some Sequence<[UInt8]>) throws(ProtobufError) -> [UInt8] {
        guard let schema = Schema.named("meta.v1.ListMeta") else { throw ProtobufError(description: "lists have no metadata") }
        var writer = ProtobufWriter()
        writer.write(1, bytes: try message(metadata, schema))
        for item in items { writer.write(2, bytes: item) }
        return writer.bytes
    }

    /// A watch event around an object in its envelope.
    package static func event(type: String, object: [UInt8]) -> [UInt8] {
        var writer = ProtobufWriter()
        writer.write(1, text: type)
        let start = writer.beginMessage(2)
        writer.write(1, bytes: object)
        writer.endMessage(start)
        return writer.bytes
    }

    /// A message as it goes over the wire, with the type's name before it.
    package static func enveloped(_ message: [UInt8], apiVersion: String, kind: String) -> [UInt8] {
        var writer = ProtobufWriter()
        let start = writer.beginMessage(1)
        writer.write(1, text: apiVersion)
        writer.write(2, text: kind)
        writer.endMessage(start)
        writer.write(2, bytes: message)
        writer.write(3, text: "")
        writer.write(4, text: "")
        return magic + writer.bytes
    }
}
