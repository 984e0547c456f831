import JSON

/// The rules of the schema in a CustomResourceDefinition. Those that make it structural stand in ``StructuralSchema``; expressions are not looked into.
enum SchemaValidation {
    /// - Parameter validation: what holds the schema, at `spec.validation` or in a version.
    static func schema(_ validation: Field, hasStatus: Bool) {
        let schema = validation["openAPIV3Schema"]
        guard schema.exists else { return }
        if hasStatus { rootBesideStatus(validation, schema) }
        if schema["nullable"].bool { schema["nullable"].forbidden("nullable cannot be true at the root") }
        StructuralSchema.validate(schema)
        node(schema, Place(isRoot: true))
    }

    // MARK: The root of objects with a status

    private static let allowedBesideStatus = [
        "description", "type", "format", "title", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum", "maxLength", "minLength", "pattern",
        "maxItems", "minItems", "uniqueItems", "multipleOf", "required", "items", "properties", "externalDocs", "example",
        "x-kubernetes-preserve-unknown-fields", "x-kubernetes-validations",
    ]

    /// The status is validated by its own part of the schema, so nothing else may speak of it.
    private static func rootBesideStatus(_ validation: Field, _ schema: Field) {
        let others = schema.keys.filter { !allowedBesideStatus.contains($0) && !schema[$0].isEmpty }
        let isNamed = others.contains { ["id", "$schema", "$ref"].contains($0) }
        if !isNamed, !schema["type"].string.isEmpty, schema["type"].string != "object" {
            schema["type"].invalid(#"only "object" is allowed as the type at the root of the schema if the status subresource is enabled"#)
        } else if !others.isEmpty {
            let listed = allowedBesideStatus.map { name in
                name.hasPrefix("x-kubernetes-") ? (name.hasSuffix("fields") ? "XPreserveUnknownFields" : "XValidations") : name.capitalizedFirst
            }
            schema.invalid(
                "only [\(listed.joined(separator: " "))] fields are allowed at the root of the schema if the status subresource is enabled")
        }
    }

    // MARK: Every node

    /// What the places above a node say about it.
    private struct Place {
        var isRoot = false
        var isInsideMetadata = false
        /// Why there may be no default here; nil: there may.
        var noDefaults: String?

        var inner: Place {
            var place = self
            place.isRoot = false
            return place
        }
    }

    private static let types = ["array", "boolean", "integer", "number", "object", "string"]
    private static let metadata: Set = ["metadata", "kind", "apiVersion"]

    private static func node(_ schema: Field, _ place: Place) {
        guard schema.value?.objectValue != nil else { return }
        plain(schema, place)
        if schema["uniqueItems"].bool {
            schema["uniqueItems"].forbidden("uniqueItems cannot be set to true since the runtime complexity becomes quadratic")
        }
        children(schema, place)
        extensions(schema)
        rules(schema)
    }

    /// What no schema here may have.
    private static func plain(_ schema: Field, _ place: Place) {
        let type = schema["type"]
        if !type.string.isEmpty { type.oneOf(types) }
        if schema["default"].exists, let why = place.noDefaults { schema["default"].forbidden("must not be set " + why) }
        for name in ["id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref"] {
            let field = schema[name]
            let isThere = name == "id" || name == "patternProperties" || name == "definitions" ? !field.isEmpty : field.exists
            if isThere { field.forbidden("\(name) is not supported") }
        }
        if type.string == "null" { type.forbidden("type cannot be set to null, use nullable as an alternative") }
        if schema["items"].value?.arrayValue?.isEmpty == false { schema["items"].forbidden("items must be a schema object and not an array") }
        let embedded = schema["x-kubernetes-embedded-resource"]
        if place.isInsideMetadata, embedded.bool { embedded.forbidden("must not be used inside of resource meta") }
    }

    private static func children(_ schema: Field, _ place: Place) {
        let additional = schema["additionalProperties"]
        if additional.exists {
            if schema["properties"].count > 0, additional.value != true {
                additional.forbidden("additionalProperties and properties are mutual exclusive")
            }
            var inner = place.inner
            if place.isInsideMetadata { inner.noDefaults = "inside additionalProperties applying to object metadata" }
            node(additional, inner)
        }
        let holdsObject = place.isRoot || schema["x-kubernetes-embedded-resource"].bool
        schema["properties"].entries { name, property in
            var inner = place.inner
            if holdsObject, metadata.contains(name) {
                inner.isInsideMetadata = true
                if place.isRoot { inner.noDefaults = "in top-level \(name)" }
            }
            node(property, inner)
        }
        node(schema["not"], place.inner)
        for name in ["allOf", "oneOf", "anyOf"] { schema[name].each { node($0, place.inner) } }
        schema["definitions"].entries { _, definition in node(definition, place.inner) }
        let items = schema["items"]
        if items.value?.arrayValue != nil { items.each { node($0, place.inner) } } else { node(items, place.inner) }
        schema["dependencies"].entries { _, dependency in node(dependency, place.inner) }
    }

    // MARK: How lists and maps are merged

    private static func extensions(_ schema: Field) {
        let keeps = schema["x-kubernetes-preserve-unknown-fields"]
        if keeps.exists, !keeps.bool { keeps.invalid("must be true or undefined") }
        let type = schema["type"]
        let (map, list) = (schema["x-kubernetes-map-type"], schema["x-kubernetes-list-type"])
        if map.exists {
            if type.string != "object" { wrong(type, "must be object if x-kubernetes-map-type is specified") }
            map.oneOf(["atomic", "granular"])
        }
        if list.exists {
            if type.string != "array" {
                wrong(type, "must be array if x-kubernetes-list-type is specified")
            } else if list.string == "set" {
                setItems(schema["items"])
            }
            list.oneOf(["atomic", "set", "map"])
        }
        let keys = schema["x-kubernetes-list-map-keys"]
        if keys.count > 0, list.string != "map" {
            let why = "must be map if x-kubernetes-list-map-keys is non-empty"
            if list.exists { list.invalid(why) } else { list.missing(why) }
        }
        if list.string == "map" { mapKeys(schema, keys) }
        if ["set", "map"].contains(list.string), schema["items"].value?.objectValue != nil { keyedItems(schema["items"], keys, list.string) }
    }

    private static func wrong(_ type: Field, _ why: String) {
        if type.string.isEmpty { type.missing(why) } else { type.invalid(why) }
    }

    /// Elements of a set are compared as wholes.
    private static func setItems(_ items: Field) {
        let why = "must be atomic as item of a list with x-kubernetes-list-type=set"
        switch items["type"].string {
        case "array":
            let list = items["x-kubernetes-list-type"]
            if list.exists, list.string != "atomic" { list.invalid(why) }
        case "object":
            if items["x-kubernetes-map-type"].string != "atomic" {
                items["x-kubernetes-map-type"].invalid(items["x-kubernetes-list-type"].value ?? .null, why)
            }
        default: break
        }
    }

    private static func mapKeys(_ schema: Field, _ keys: Field) {
        if keys.count == 0 { keys.missing("must not be empty if x-kubernetes-list-type is map") }
        let items = schema["items"]
        guard items.exists else { return items.missing("must have a schema if x-kubernetes-list-type is map") }
        guard items.value?.objectValue != nil else { return items.invalid("must only have a single schema if x-kubernetes-list-type is map") }
        guard items["type"].string == "object" else {
            return items["type"].invalid(
                .string(items["type"].string), "must be object if parent array's x-kubernetes-list-type is map")
        }
        var seen: Set<String> = []
        keys.each { key in
            if let property = items["properties"].entry(key.string) {
                if ["array", "object"].contains(property["type"].string) {
                    property["type"].invalid(
                        .string(items["type"].string), "must be a scalar type if parent array's x-kubernetes-list-type is map")
                }
            } else {
                keys.invalid("entries must all be names of item properties")
            }
            if !seen.insert(key.string).inserted { keys.invalid("must not contain duplicate entries") }
        }
    }

    /// What elements are told apart by is always there.
    private static func keyedItems(_ items: Field, _ keys: Field, _ list: String) {
        if items["nullable"].bool { items["nullable"].forbidden("cannot be nullable when x-kubernetes-list-type is \(list)") }
        guard list == "map" else { return }
        let required = items["required"].value?.arrayValue ?? []
        keys.each { key in
            guard let property = items["properties"].entry(key.string) else { return }
            if !required.contains(.string(key.string)), !property["default"].exists {
                property["default"].missing("this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property")
            }
            if property["nullable"].bool {
                property["nullable"].forbidden("this property is in x-kubernetes-list-map-keys, so it cannot be nullable")
            }
        }
    }

    // MARK: Rules in CEL

    private static let reasons = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"]

    /// What stands around the expressions.
    private static func rules(_ schema: Field) {
        schema["x-kubernetes-validations"].each { rule in
            let (message, expression) = (rule["message"], rule["messageExpression"])
            let (text, words) = (trimmed(rule["rule"].string), trimmed(message.string))
            if text.isEmpty {
                rule["rule"].missing("rule is not specified")
            } else if !message.string.isEmpty, words.isEmpty {
                message.invalid("must be non-empty if specified")
            } else if hasLineBreaks(words) {
                message.invalid("must not contain line breaks")
            } else if hasLineBreaks(text), words.isEmpty {
                message.missing("message must be specified if rule contains line breaks")
            }
            if !expression.string.isEmpty, trimmed(expression.string).isEmpty {
                expression.missing("messageExpression must be non-empty if specified")
            }
            rule["reason"].oneOf(reasons)
            let path = rule["fieldPath"]
            if !path.string.isEmpty, trimmed(path.string).isEmpty { path.invalid("must be non-empty if specified") }
            if hasLineBreaks(path.string) { path.invalid("must not contain line breaks") }
            if !path.string.isEmpty, case .failure = SchemaPath.walk(path.string, in: schema, brackets: true) {
                path.invalid("must be a valid path")
            }
        }
    }

    private static func trimmed(_ text: String) -> String {
        String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }

    private static func hasLineBreaks(_ text: String) -> Bool { text.unicodeScalars.contains { $0 == "\n" || $0 == "\r" } }
}

extension Field {
    /// An entry of a map; nil when there is none.
    func entry(_ key: String) -> Field? {
        guard let value = value?.objectValue?[key] else { return nil }
        return Field(value, at: errors.tracksPaths ? .entry(path, key) : .root, errors: errors)
    }
}

extension String {
    fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
