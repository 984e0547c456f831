package import JSON

/// An object as clients send it in `application/vnd.kubernetes.protobuf`: `k8s\0`, then `runtime.Unknown` with the type's name and its message.
package enum ProtobufDocument {
    package static let contentType = "application/vnd.kubernetes.protobuf"
    private static let magic: [UInt8] = [0x6b, 0x38, 0x73, 0x00]
    /// Types that every group version has under its own name.
    private static let commonKinds: Set<String> = ["DeleteOptions", "ListOptions", "CreateOptions", "UpdateOptions", "PatchOptions", "Status"]

    /// The document as JSON would have it.
    package static func tree(_ bytes: [UInt8]) throws(ProtobufError) -> JSONValue {
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
        var object = try ProtobufDecoder().message(raw, try schema(apiVersion: apiVersion, kind: kind), depth: 0)
        object["apiVersion"] = .string(apiVersion)
        object["kind"] = .string(kind)
        return .object(object)
    }

    private static func schema(apiVersion: String, kind: String) throws(ProtobufError) -> Schema {
        if let schema = Schema.of(GroupVersionKind(apiVersion: apiVersion, kind: kind)) { return schema }
        if commonKinds.contains(kind), let schema = Schema.named("meta.v1.\(kind)") { return schema }
        if kind == partialMetadata.name { return partialMetadata }
        if kind.hasSuffix("List") { return list(of: try schema(apiVersion: apiVersion, kind: String(kind.dropLast(4)))) }
        throw ProtobufError(description: "no kind \"\(kind)\" is registered for version \"\(apiVersion)\"")
    }

    /// Objects without anything but their metadata: a kind that the published documents do not describe.
    private static let partialMetadata = Schema(
        name: "PartialObjectMetadata", openAPIName: "io.k8s.apimachinery.pkg.apis.meta.v1.PartialObjectMetadata",
        fields: [Schema.Field(name: "metadata", type: .object(Schema.Reference("meta.v1.ObjectMeta")), protobufPath: [1])])

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
        let known: Schema
        if let schema {
            known = schema
        } else {
            known = try Self.schema(apiVersion: tree["apiVersion"]?.stringValue ?? "", kind: tree["kind"]?.stringValue ?? "")
        }
        var encoder = ProtobufEncoder()
        try encoder.fields(of: object, ProtobufFields.of(known))
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
