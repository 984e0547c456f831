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
        let name = GroupVersionKind(apiVersion: apiVersion, kind: kind)
        guard let schema = Schema.of(name) ?? (commonKinds.contains(kind) ? Schema.named("meta.v1.\(kind)") : nil) else {
            throw ProtobufError(description: "no kind \"\(kind)\" is registered for version \"\(apiVersion)\"")
        }
        var object = try ProtobufDecoder().message(raw, schema, depth: 0)
        object["apiVersion"] = .string(apiVersion)
        object["kind"] = .string(kind)
        return .object(object)
    }
}
