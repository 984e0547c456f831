/// The Swift source of one type.
struct StructSource {
    let type: TypeDescription
    let isBoxed: Bool
    /// The resource that the type is the object of, for top-level kinds with object metadata.
    let resource: ResourceDescription?

    func lines() -> [String] {
        let fields = type.storedFields.map(SwiftField.init)
        var lines = ["package struct \(type.id.name): \(resource == nil ? "APIObject" : "KubernetesResource") {"]
        if let resource, let kind = type.kinds.first {
            lines.append("    package static let resource = ResourceType(")
            lines.append("        group: \"\(kind.group)\", version: \"\(kind.version)\", kind: \"\(kind.kind)\", plural: \"\(resource.plural)\","
                + " singular: \"\(resource.singular)\", namespaced: \(resource.isNamespaced))")
        }
        lines += isBoxed ? boxedStorage(fields) : plainStorage(fields)
        lines += reader(fields)
        lines += writer(fields)
        lines.append("}")
        return lines
    }

    private func plainStorage(_ fields: [SwiftField]) -> [String] {
        fields.map { "    package var \($0.declaration)" } + ["    package var unknownFields = JSONUnknownFields()", "", "    package init() {}"]
    }

    private func boxedStorage(_ fields: [SwiftField]) -> [String] {
        var lines = ["    private struct Fields {"]
        lines += fields.map { "        var \($0.declaration)" }
        lines += ["        var unknownFields = JSONUnknownFields()", "    }", ""]
        lines.append("    private final class Box: @unchecked Sendable {  // changed only while one struct alone refers to it")
        lines += ["        var fields: Fields", "        init(_ fields: Fields) { self.fields = fields }", "    }", ""]
        lines += ["    private static let empty = Box(Fields())", "    private var box: Box"]
        lines.append("    private mutating func own() { if !isKnownUniquelyReferenced(&box) { box = Box(box.fields) } }")
        lines += ["", "    package init() { box = Self.empty }", ""]
        for field in fields { lines += accessor(field.name, field.annotation) }
        lines += accessor("unknownFields", "JSONUnknownFields")
        return lines
    }

    private func accessor(_ name: String, _ type: String) -> [String] {
        ["    package var \(name): \(type) { get { box.fields.\(name) } _modify { own(); yield &box.fields.\(name) } }"]
    }

    private func reader(_ fields: [SwiftField]) -> [String] {
        let prefix = isBoxed ? "fields." : ""
        let constants = type.isKind ? ["kind", "apiVersion"] : []
        let names = constants + fields.map(\.field.name)
        var lines = ["", "    private static let keys = JSONKeys(\"\(names.joined(separator: "\\0"))\")", ""]
        lines.append("    package init(json r: inout JSONReader) throws(JSONError) {")
        if isBoxed { lines.append("        var fields = Fields()") }
        lines.append("        try r.beginObject()")
        lines += ["        \(isBoxed ? "fields: " : "")while true {", "            switch try r.nextField(Self.keys) {"]
        if type.isKind { lines.append("            case 0, 1: try r.skipValue()") }
        for (index, field) in fields.enumerated() {
            lines.append("            case \(index + constants.count): try r.read(&\(prefix)\(field.name))")
        }
        lines.append("            case -1: \(isBoxed ? "break fields" : "return")")
        lines.append("            default: try r.keepUnknown(&\(prefix)unknownFields)")
        lines += ["            }", "        }"]
        if isBoxed { lines.append("        box = Box(fields)") }
        lines.append("    }")
        return lines
    }

    private func writer(_ fields: [SwiftField]) -> [String] {
        let prefix = isBoxed ? "box.fields." : ""
        var lines = ["", "    package func write(json w: inout JSONWriter) {", "        w.beginObject()"]
        if type.isKind, let kind = type.kinds.first {
            let version = kind.group.isEmpty ? kind.version : "\(kind.group)/\(kind.version)"
            lines += ["        w.field(\"kind\", \"\(kind.kind)\")", "        w.field(\"apiVersion\", \"\(version)\")"]
        }
        lines += fields.map { "        w.\($0.writeFunction)(\"\($0.field.name)\", \(prefix)\($0.name))" }
        lines += ["        w.unknown(\(prefix)unknownFields)", "        w.endObject()", "    }"]
        return lines
    }
}
