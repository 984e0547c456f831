import JSON
import KubernetesAPI

/// Collects the schemas that a document refers to, each with all that it refers to in turn.
struct OpenAPISchemas {
    let dialect: OpenAPIDialect
    private let descriptions = SchemaDescriptions.builtIn
    private var collected: [String: JSONValue] = [:]

    init(dialect: OpenAPIDialect) {
        self.dialect = dialect
    }

    /// All schemas by name, sorted.
    var all: JSONObject {
        JSONObject(uniqueEntries: collected.sorted { $0.key < $1.key }.map { (key: $0.key, value: $0.value) })
    }

    /// A reference to an object type.
    mutating func reference(_ schema: Schema) -> JSONValue {
        add(schema)
        return dialect.reference(schema.openAPIName)
    }

    /// A reference to the list of a kind.
    mutating func listReference(_ schema: Schema) -> JSONValue {
        let name = schema.openAPIName + "List"
        if collected[name] == nil { collected[name] = list(schema) }
        return dialect.reference(name)
    }

    /// A reference to the body of a patch, which may be anything.
    mutating func patchReference() -> JSONValue {
        value("io.k8s.apimachinery.pkg.apis.meta.v1.Patch", ["type": "object"], "Changes to an object, in the form that the content type names.")
    }

    private mutating func add(_ schema: Schema) {
        guard collected[schema.openAPIName] == nil else { return }
        // Types may refer to themselves: the place is taken before the fields are looked at.
        collected[schema.openAPIName] = .null
        var properties: JSONObject = [:]
        for field in schema.fields.sorted(by: { $0.name < $1.name }) {
            properties[field.name] = property(field, of: schema)
        }
        var object: JSONValue = [:]
        if let text = descriptions.type(schema.name) { object["description"] = .string(text) }
        object["type"] = "object"
        let required = schema.fields.filter(\.isRequired).map(\.name).sorted()
        if !required.isEmpty { object["required"] = JSONValue(required) }
        if !properties.isEmpty { object["properties"] = .object(properties) }
        if let kind = schema.kind { object["x-kubernetes-group-version-kind"] = [Self.kind(kind)] }
        if schema.isAtomic { object["x-kubernetes-map-type"] = "atomic" }
        if schema.preservesUnknownFields { object["x-kubernetes-preserve-unknown-fields"] = true }
        collected[schema.openAPIName] = object
    }

    private mutating func list(_ schema: Schema) -> JSONValue {
        let kind = schema.kind ?? GroupVersionKind(group: "", version: "", kind: "")
        var listKind = kind
        listKind.kind += "List"
        var properties: JSONValue = [
            "apiVersion": string("apiVersion"), "items": ["type": "array", "items": reference(schema)], "kind": string("kind"),
        ]
        properties["items"]?["description"] = .string("The objects.")
        if let meta = Schema.named("meta.v1.ListMeta") {
            add(meta)
            properties["metadata"] = dialect.annotatedReference(meta.openAPIName)
            properties["metadata"]?["description"] = "What holds for the list as a whole."
        }
        return [
            "description": .string("A list of objects of kind \(kind.kind)."), "type": "object", "required": ["items"], "properties": properties,
            "x-kubernetes-group-version-kind": [Self.kind(listKind)],
        ]
    }

    private func string(_ field: String) -> JSONValue {
        var value: JSONValue = ["type": "string"]
        if let text = descriptions.field(field, of: "*") { value["description"] = .string(text) }
        return value
    }

    private mutating func property(_ field: Schema.Field, of schema: Schema) -> JSONValue {
        var value: JSONValue
        if case .object(let reference) = field.type, let target = reference.schema {
            add(target)
            value = dialect.annotatedReference(target.openAPIName)
        } else {
            value = type(field.type, at: field, of: schema)
            if dialect == .v3, let reference = value["$ref"] { value = ["allOf": [["$ref": reference]]] }
        }
        if let text = descriptions.field(field.name, of: schema.name) { value["description"] = .string(text) }
        if dialect == .v3, let defaultValue = field.defaultValue { value["default"] = defaultValue }
        if case .array = field.type {
            switch field.listType {
            case .atomic: value["x-kubernetes-list-type"] = "atomic"
            case .set: value["x-kubernetes-list-type"] = "set"
            case .map(let keys):
                value["x-kubernetes-list-map-keys"] = JSONValue(keys)
                value["x-kubernetes-list-type"] = "map"
            }
        }
        if field.isAtomic { value["x-kubernetes-map-type"] = "atomic" }
        if let key = field.patchMergeKey { value["x-kubernetes-patch-merge-key"] = .string(key) }
        let strategies = [(Schema.PatchStrategy.merge, "merge"), (.retainKeys, "retainKeys"), (.replace, "replace")]
        let names = strategies.filter { field.patchStrategy.contains($0.0) }.map(\.1)
        if !names.isEmpty { value["x-kubernetes-patch-strategy"] = .string(names.joined(separator: ",")) }
        return value
    }

    private mutating func type(_ type: Schema.ValueType, at field: Schema.Field, of schema: Schema) -> JSONValue {
        switch type {
        case .string: return ["type": "string"]
        case .int32: return ["type": "integer", "format": "int32"]
        case .int64: return ["type": "integer", "format": "int64"]
        case .double: return ["type": "number", "format": "double"]
        case .bool: return ["type": "boolean"]
        case .bytes: return ["type": "string", "format": "byte"]
        case .array(let element): return ["type": "array", "items": self.type(element, at: field, of: schema)]
        case .map(let value): return ["type": "object", "additionalProperties": self.type(value, at: field, of: schema)]
        case .object(let reference):
            guard let target = reference.schema else { return ["type": "object"] }
            return self.reference(target)
        case .time:
            return value(
                "io.k8s.apimachinery.pkg.apis.meta.v1.Time", ["type": "string", "format": "date-time"],
                "A moment, to the second, as RFC 3339 writes it.")
        case .microTime:
            return value(
                "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime", ["type": "string", "format": "date-time"],
                "A moment, to the microsecond, as RFC 3339 writes it.")
        case .quantity:
            return value(
                "io.k8s.apimachinery.pkg.api.resource.Quantity",
                dialect == .v2 ? ["type": "string"] : ["oneOf": [["type": "string"], ["type": "number"]]],
                "An amount: a number with an optional suffix such as m, k, Ki, M, Mi, G or Gi.")
        case .intOrString:
            return value(
                "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
                dialect == .v2
                    ? ["type": "string", "format": "int-or-string"]
                    : ["oneOf": [["type": "integer"], ["type": "string"]], "format": "int-or-string"],
                "A number or a text: of a port its number or name, of an amount a number or a percentage.")
        case .any where field.name == "fieldsV1":
            return value(
                "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1", ["type": "object"], "A set of fields, in the form that the API server writes.")
        case .any where schema.openAPIName.hasPrefix("io.k8s.apiextensions-apiserver."):
            return value("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON", [:], "Any JSON value.")
        case .any:
            return value("io.k8s.apimachinery.pkg.runtime.RawExtension", ["type": "object"], "An object whose form the API does not know.")
        }
    }

    /// A reference to a type that is a value in JSON.
    private mutating func value(_ name: String, _ schema: JSONValue, _ description: String) -> JSONValue {
        var schema = schema
        schema["description"] = .string(description)
        collected[name] = schema
        return dialect.reference(name)
    }

    static func kind(_ kind: GroupVersionKind) -> JSONValue {
        ["group": .string(kind.group), "kind": .string(kind.kind), "version": .string(kind.version)]
    }
}
