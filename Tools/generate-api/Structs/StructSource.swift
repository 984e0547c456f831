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
            lines.append(
                "        group: \"\(kind.group)\", version: \"\(kind.version)\", kind: \"\(kind.kind)\", plural: \"\(resource.plural)\","
                    + " singular: \"\(resource.singular)\", namespaced: \(resource.isNamespaced))")
        }
        if isBoxed {
            lines.append("    private struct Fields {")
            lines += (properties(fields, "var") + [""] + reader(fields, "init") + [""] + writer(fields, "func")).map { $0.isEmpty ? "" : "    " + $0 }
            lines += ["    }", ""]
            lines += box(fields)
        } else {
            lines += properties(fields, "package var") + ["", "    package init() {}", ""]
            lines += reader(fields, "package init") + [""] + writer(fields, "package func")
        }
        lines += ["", "    private static let keys = JSONKeys(\"\(keyNames(fields).joined(separator: "\\0"))\")"]
        lines.append("}")
        return lines
    }

    private var constants: [String] { type.isKind ? ["kind", "apiVersion"] : [] }

    private func keyNames(_ fields: [SwiftField]) -> [String] { constants + fields.map(\.field.name) }

    private func properties(_ fields: [SwiftField], _ word: String) -> [String] {
        fields.map { "    \(word) \($0.declaration)" } + ["    \(word) unknownFields = JSONUnknownFields()"]
    }

    private func box(_ fields: [SwiftField]) -> [String] {
        var lines = ["    private final class Box: @unchecked Sendable {  // changed only while one struct alone refers to it"]
        lines += ["        var fields: Fields", "        init(_ fields: consuming Fields) { self.fields = fields }", "    }", ""]
        lines += ["    private static let empty = Box(Fields())", "    private var box: Box", ""]
        // Out of line, or every accessor would hold a copy of the copying.
        lines += ["    @inline(never) private mutating func own() { if !isKnownUniquelyReferenced(&box) { box = Box(box.fields) } }", ""]
        lines += ["    package init() { box = Self.empty }"]
        lines += ["    package init(json r: inout JSONReader) throws(JSONError) { box = Box(try Fields(json: &r)) }"]
        lines += ["    package func write(json w: inout JSONWriter) { box.fields.write(json: &w) }", ""]
        for field in fields { lines += accessor(field.name, field.annotation) }
        lines += accessor("unknownFields", "JSONUnknownFields")
        return lines
    }

    private func accessor(_ name: String, _ type: String) -> [String] {
        ["    package var \(name): \(type) { get { box.fields.\(name) } _modify { own(); yield &box.fields.\(name) } }"]
    }

    private func reader(_ fields: [SwiftField], _ word: String) -> [String] {
        var lines: [String] = []
        if word == "init" { lines += ["    init() {}", ""] }
        lines += ["    \(word)(json r: inout JSONReader) throws(JSONError) {", "        try r.beginObject()"]
        lines += ["        while true {", "            switch try r.nextField(\(type.id.name).keys) {"]
        if type.isKind { lines.append("            case 0, 1: try r.skipValue()") }
        for (index, field) in fields.enumerated() {
            lines.append("            case \(index + constants.count): try r.read(&\(field.name))")
        }
        lines += ["            case -1: return", "            default: try r.keepUnknown(&unknownFields)", "            }", "        }", "    }"]
        return lines
    }

    private func writer(_ fields: [SwiftField], _ word: String) -> [String] {
        var lines = ["    \(word) write(json w: inout JSONWriter) {", "        w.beginObject()"]
        if type.isKind, let kind = type.kinds.first {
            let version = kind.group.isEmpty ? kind.version : "\(kind.group)/\(kind.version)"
            lines += ["        w.field(\"kind\", \"\(kind.kind)\")", "        w.field(\"apiVersion\", \"\(version)\")"]
        }
        lines += fields.map { "        w.\($0.writeFunction)(\"\($0.field.name)\", \($0.name))" }
        lines += ["        w.unknown(unknownFields)", "        w.endObject()", "    }"]
        return lines
    }
}
