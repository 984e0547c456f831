import JSON

/// What makes a schema structural: the type of every value is said once, outside of `allOf`, `anyOf`, `oneOf` and `not`, which may only narrow it.
enum StructuralSchema {
    private enum Level {
        case root, item, field
    }

    static func validate(_ schema: Field) {
        let found = FieldErrors(tracksPaths: schema.errors.tracksPaths)
        let own = Field(schema.value, at: schema.path, errors: found)
        node(own, .root)
        narrowed(own, by: own)
        // Sorted, as upstream says them.
        for error in found.list.sorted(by: { $0.description < $1.description }) { schema.errors.add(error) }
    }

    private static func node(_ schema: Field, _ level: Level) {
        guard schema.value?.objectValue != nil else { return }
        let type = schema["type"].string
        if type == "array", !schema["items"].exists { schema["items"].missing("must be specified") }
        node(schema["items"], .item)
        schema["properties"].entries { _, property in node(property, .field) }
        let additional = schema["additionalProperties"]
        if additional.exists {
            if level == .root { additional.forbidden("must not be used at the root") }
            node(additional, .field)
        }
        let isEither = schema["x-kubernetes-int-or-string"].bool
        let isEmbedded = schema["x-kubernetes-embedded-resource"].bool
        let keepsUnknown = schema["x-kubernetes-preserve-unknown-fields"].bool
        if isEither, keepsUnknown {
            schema["x-kubernetes-preserve-unknown-fields"].invalid("must be false if x-kubernetes-int-or-string is true")
        }
        if isEither, isEmbedded { schema["x-kubernetes-embedded-resource"].invalid("must be false if x-kubernetes-int-or-string is true") }
        narrowing(schema, exceptAnyOf: isEitherAnyOf(schema.value), exceptFirstAllOf: isEitherAnyOf(schema.value?.list("allOf").first))
        if isEmbedded, type != "object" {
            let why = "must be object if x-kubernetes-embedded-resource is true"
            if type.isEmpty { schema["type"].missing(why) } else { schema["type"].invalid(why) }
        } else if type.isEmpty, !isEither, !keepsUnknown {
            switch level {
            case .root: schema["type"].missing("must not be empty at the root")
            case .item: schema["type"].missing("must not be empty for specified array items")
            case .field: schema["type"].missing("must not be empty for specified object fields")
            }
        }
        if isEmbedded, additional.exists { additional.forbidden("must not be used if x-kubernetes-embedded-resource is set") }
        if level == .root, !type.isEmpty, type != "object" { schema["type"].invalid("must be object at the root") }
        object(schema, level, isEmbedded: isEmbedded)
        if isEmbedded, !keepsUnknown, schema["properties"].count == 0 {
            schema["properties"].missing("must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields")
        }
    }

    /// What every object has is not for a definition to say.
    private static func object(_ schema: Field, _ level: Level, isEmbedded: Bool) {
        let isObject = level == .root || isEmbedded
        for name in ["kind", "apiVersion"] {
            guard isObject, let property = schema["properties"].entry(name), property["type"].string != "string" else { continue }
            property["type"].invalid(.string(property["type"].string), "must be string")
        }
        guard let metadata = schema["properties"].entry("metadata") else { return }
        if isObject, metadata["type"].string != "object" { metadata["type"].invalid(.string(metadata["type"].string), "must be object") }
        guard level == .root else { return }
        let saysMore = metadata.keys.contains { name in
            switch name {
            case "type", "default": false
            case "properties": !metadata["properties"].keys.allSatisfy { $0 == "name" || $0 == "generateName" }
            default: !metadata[name].isEmpty
            }
        }
        if saysMore { metadata.forbidden("must not specify anything other than name and generateName, but metadata is implicitly specified") }
    }

    /// Whether a schema says what `x-kubernetes-int-or-string` says.
    private static func isEitherAnyOf(_ schema: JSONValue?) -> Bool { schema?.list("anyOf") == [["type": "integer"], ["type": "string"]] }

    private static func narrowing(_ schema: Field, exceptAnyOf: Bool = false, exceptFirstAllOf: Bool = false) {
        if !exceptAnyOf { schema["anyOf"].each { nested($0) } }
        var isFirst = exceptFirstAllOf
        schema["allOf"].each {
            nested($0, exceptAnyOf: isFirst)
            isFirst = false
        }
        schema["oneOf"].each { nested($0) }
        nested(schema["not"])
    }

    private static let mustBe: [(name: String, words: String)] = [
        ("type", "empty"), ("additionalProperties", "undefined"), ("default", "undefined"), ("title", "empty"), ("description", "empty"),
        ("nullable", "false"), ("x-kubernetes-preserve-unknown-fields", "false"), ("x-kubernetes-embedded-resource", "false"),
        ("x-kubernetes-int-or-string", "false"), ("x-kubernetes-list-map-keys", "empty"), ("x-kubernetes-list-type", "undefined"),
        ("x-kubernetes-map-type", "undefined"), ("x-kubernetes-validations", "empty"),
    ]

    private static func nested(_ schema: Field, exceptAnyOf: Bool = false) {
        guard schema.value?.objectValue != nil else { return }
        narrowing(schema, exceptAnyOf: exceptAnyOf)
        nested(schema["items"])
        schema["properties"].entries { _, property in nested(property) }
        for (name, words) in mustBe {
            let field = schema[name]
            if words == "undefined" ? field.exists : !field.isEmpty { field.forbidden("must be \(words) to be structural") }
        }
        schema["properties"].entry("metadata")?.forbidden("must not be specified in a nested context")
    }

    // MARK: Completeness

    /// Whatever is narrowed has to be there outside.
    private static func narrowed(_ schema: Field, by narrowing: Field) {
        counterpart(schema, of: narrowing["not"])
        for name in ["allOf", "anyOf", "oneOf"] { narrowing[name].each { counterpart(schema, of: $0) } }
    }

    private static func counterpart(_ schema: Field, of nested: Field) {
        guard nested.value?.objectValue != nil else { return }
        guard schema.value?.objectValue != nil else { return schema.missing("because it is defined in \(nested.path)") }
        narrowed(schema, by: nested)
        counterpart(schema["items"], of: nested["items"])
        nested["properties"].entries { name, property in
            if let own = schema["properties"].entry(name) {
                counterpart(own, of: property)
            } else {
                Field(nil, at: .entry(schema["properties"].path, name), errors: schema.errors).missing("because it is defined in \(property.path)")
            }
        }
    }
}
