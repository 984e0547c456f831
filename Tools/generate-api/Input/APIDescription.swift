import JSON

/// All types of the OpenAPI document with the protobuf numbers beside them.
struct APIDescription {
    private(set) var types: [TypeID: TypeDescription] = [:]

    init(document: JSONValue, numbers: ProtobufNumbers) throws {
        for (name, definition) in document["definitions"]?.members ?? [] {
            let id = TypeID(definition: name)
            guard Self.wellKnown[id.name] == nil || definition["properties"] != nil else { continue }
            types[id] = try Self.read(id, definition, numbers)
        }
        guard !types.isEmpty else { throw GeneratorError("the OpenAPI document has no definitions") }
        for type in try MessageTypes(numbers: numbers, published: types).types() { types[type.id] = type }
    }

    func type(_ id: TypeID) throws -> TypeDescription {
        guard let type = types[id] else { throw GeneratorError("\(id.package).\(id.name) is not in the OpenAPI document") }
        return type
    }

    /// The types of one package, by name.
    func types(in package: String) -> [TypeDescription] {
        types.values.filter { $0.id.package == package }.sorted { $0.id.name < $1.id.name }
    }

    /// Definitions that are values rather than objects.
    static let wellKnown: [String: FieldType] = [
        "Quantity": .quantity, "Time": .time, "MicroTime": .microTime, "IntOrString": .intOrString, "RawExtension": .any, "FieldsV1": .any,
        "Patch": .any, "JSON": .any, "JSONSchemaPropsOrArray": .any, "JSONSchemaPropsOrBool": .any, "JSONSchemaPropsOrStringArray": .any,
    ]

    /// Defaults of fields that tell the elements of lists apart, as JSON. The document does not have them; the comments of Kubernetes' types do.
    private static let keyDefaults: [String: String] = [
        "core.v1.ContainerPort.protocol": "\"TCP\"", "core.v1.ServicePort.protocol": "\"TCP\"", "core.v1.LocalObjectReference.name": "\"\"",
    ]

    private static func read(_ id: TypeID, _ definition: JSONValue, _ numbers: ProtobufNumbers) throws -> TypeDescription {
        let properties = definition["properties"]?.members ?? []
        let siblings = Set(properties.map { $0.key.lowercased() })
        let required = Set((definition["required"]?.arrayValue ?? []).compactMap(\.stringValue))
        var fields = try properties.map { name, property in
            FieldDescription(
                name: name,
                type: try fieldType(property),
                isRequired: required.contains(name),
                protobufPath: numbers.path(package: id.package, type: id.name, field: name, siblings: siblings),
                listType: property["x-kubernetes-list-type"]?.stringValue,
                listKeys: (property["x-kubernetes-list-map-keys"]?.arrayValue ?? []).compactMap(\.stringValue),
                isAtomicMap: property["x-kubernetes-map-type"]?.stringValue == "atomic",
                patchStrategy: property["x-kubernetes-patch-strategy"]?.stringValue,
                patchMergeKey: property["x-kubernetes-patch-merge-key"]?.stringValue,
                defaultText: keyDefaults["\(id.module).\(id.name).\(name)"])
        }
        fields.sort { ($0.order, $0.name) < ($1.order, $1.name) }
        let kinds = (definition["x-kubernetes-group-version-kind"]?.arrayValue ?? []).map {
            GroupVersionKind(
                group: $0["group"]?.stringValue ?? "", version: $0["version"]?.stringValue ?? "", kind: $0["kind"]?.stringValue ?? "")
        }
        return TypeDescription(
            id: id, fields: fields, kinds: kinds, isAtomicMap: definition["x-kubernetes-map-type"]?.stringValue == "atomic")
    }

    private static func fieldType(_ schema: JSONValue) throws -> FieldType {
        if let reference = schema["$ref"]?.stringValue {
            let id = TypeID(definition: reference.split(separator: "/").last ?? "")
            return wellKnown[id.name] ?? .object(id)
        }
        switch (schema["type"]?.stringValue, schema["format"]?.stringValue) {
        case ("string", "byte"): return .bytes
        case ("string", _): return .string
        case ("integer", "int32"): return .int32
        case ("integer", _): return .int64
        case ("number", _): return .double
        case ("boolean", _): return .bool
        case ("array", _): return .array(try fieldType(schema["items"] ?? .null))
        case ("object", _):
            guard let values = schema["additionalProperties"] else { return .any }
            return .map(try fieldType(values))
        case (nil, _): return .any
        case (let type?, _): throw GeneratorError("a property has the unknown type \(type)")
        }
    }
}

extension FieldDescription {
    /// The order in which upstream writes fields: `kind` and `apiVersion`, then by protobuf number.
    fileprivate var order: (Int, Int) {
        switch name {
        case "kind" where protobufPath.isEmpty: (-2, 0)
        case "apiVersion" where protobufPath.isEmpty: (-1, 0)
        case "metadata": (0, 0)
        default: protobufPath.isEmpty ? (Int.max, 0) : (protobufPath[0], protobufPath.count > 1 ? protobufPath[1] : 0)
        }
    }
}

private func < (a: ((Int, Int), String), b: ((Int, Int), String)) -> Bool {
    (a.0.0, a.0.1, a.1) < (b.0.0, b.0.1, b.1)
}
