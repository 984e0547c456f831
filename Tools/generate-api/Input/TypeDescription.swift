/// What the published documents say about one type.
struct TypeDescription {
    var id: TypeID
    var fields: [FieldDescription]
    /// Kinds under which objects of the type are sent at the top level.
    var kinds: [GroupVersionKind]
    var isAtomicMap: Bool
    /// Whether the OpenAPI document has it; others get no Swift type.
    var isPublished = true

    /// An object with `apiVersion`, `kind` and the metadata of a list.
    var isList: Bool {
        id.name.hasSuffix("List") && fields.contains { $0.name == "items" } && fields.contains { $0.name == "metadata" }
    }
}

/// A type by its place in the document: `io.k8s.api.core.v1` and `Pod`.
struct TypeID: Hashable, Sendable {
    var package: String
    var name: String

    init(definition: some StringProtocol) {
        let dot = definition.lastIndex(of: ".") ?? definition.startIndex
        package = String(definition[..<dot])
        name = String(definition[dot...].dropFirst())
    }

    init(package: String, name: String) {
        self.package = package
        self.name = name
    }

    /// The last part of the package: `v1`.
    var version: String { package.split(separator: ".").last.map(String.init) ?? "" }

    /// The short form used in schema tables: `core.v1`, `meta.v1`.
    var module: String { package.split(separator: ".").suffix(2).joined(separator: ".") }
}

struct GroupVersionKind: Hashable, Sendable {
    var group: String
    var version: String
    var kind: String
}

struct FieldDescription {
    var name: String
    var type: FieldType
    var isRequired: Bool
    var protobufPath: [Int]
    var listType: String?
    var listKeys: [String] = []
    var isAtomicMap: Bool
    var patchStrategy: String?
    var patchMergeKey: String?
    var defaultText: String?
}

indirect enum FieldType: Hashable, Sendable {
    case string, int32, int64, double, bool, bytes, intOrString, quantity, time, microTime, any
    case object(TypeID)
    case array(FieldType)
    case map(FieldType)
}
