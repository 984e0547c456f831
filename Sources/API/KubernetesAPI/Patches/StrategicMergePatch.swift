package import JSON

/// Strategic merge patch, `application/strategic-merge-patch+json`: a merge patch in which the schema says which lists are merged, and by which key.
///
/// Directives in the patch: `$patch: delete | replace`, `$deleteFromPrimitiveList/<list>`, `$setElementOrder/<list>`, `$retainKeys`.
/// Where the schema knows nothing, objects are merged and lists replaced.
package enum StrategicMergePatch {
    /// - Parameters:
    ///   - patch: an object.
    ///   - target: an object, or null for none.
    ///   - schema: of the target's type.
    package static func apply(_ patch: JSONValue, to target: JSONValue, schema: Schema?) throws(PatchError) -> JSONValue {
        guard case .object(let patch) = patch else { throw PatchError(.malformed, "invalid JSON document") }
        let original: JSONObject
        switch target {
        case .object(let object): original = object
        case .null: original = JSONObject()
        default: throw PatchError(.malformed, "invalid JSON document")
        }
        return .object(try merge(patch, into: original, PatchPosition(schema: schema)))
    }

    enum Directive {
        static let marker = "$patch"
        static let retainKeys = "$retainKeys"
        static let deleteFromList = "$deleteFromPrimitiveList"
        static let setElementOrder = "$setElementOrder"

        /// The list that a directive like `$setElementOrder/containers` is about; nil when the key is no such directive.
        static func list(_ key: String, _ directive: String) throws(PatchError) -> String? {
            guard key.hasPrefix(directive) else { return nil }
            let name = key.utf8.dropFirst(directive.utf8.count)
            guard name.first == UInt8(ascii: "/") else {
                throw PatchError(.malformed, "invalid patch format of \(directive == deleteFromList ? "primitive list" : "setElementOrder list")")
            }
            return String(decoding: name.dropFirst(), as: UTF8.self)
        }

        static func isDirective(_ key: String) -> Bool {
            key == retainKeys || key.hasPrefix(deleteFromList) || key.hasPrefix(setElementOrder)
        }
    }

    // MARK: Objects

    static func merge(_ patch: JSONObject, into original: JSONObject, _ position: PatchPosition) throws(PatchError) -> JSONObject {
        if let directive = patch[Directive.marker] {
            switch directive {
            case "replace": return cleaned(patch.filter { $0.key != Directive.marker })
            case "delete": return JSONObject()
            default: throw unknownDirective(directive, patch)
            }
        }
        var patch = patch
        var result = original
        try retainKeys(&patch, &result)
        try mergeOrderedLists(&patch, &result, position)
        for (key, value) in patch {
            let list = try Directive.list(key, Directive.deleteFromList)
            try merge(value, into: &result, list ?? key, isDeletion: list != nil, position)
        }
        return result
    }

    private static func merge(
        _ value: JSONValue, into object: inout JSONObject, _ key: String, isDeletion: Bool, _ position: PatchPosition
    ) throws(PatchError) {
        if value.isNull {
            object.removeValue(forKey: key)
            return
        }
        guard let original = object[key] else {
            if !isDeletion { object[key] = cleaned(value) }
            return
        }
        switch (original, value) {
        case (.object(let old), .object(let new)):
            let (member, field) = position.member(key)
            let replaces = field?.patchStrategy.contains(.replace) ?? false
            // Nobody else holds the member while it changes.
            object[key] = .null
            object[key] = .object(replaces ? cleaned(new) : try merge(new, into: old, member))
        case (.array(let old), .array(let new)):
            object[key] = .array(try mergeList(new, into: old, key, position, isDeletion: isDeletion))
        default:
            if !isDeletion { object[key] = cleaned(value) }
        }
    }

    private static func retainKeys(_ patch: inout JSONObject, _ original: inout JSONObject) throws(PatchError) {
        guard let directive = patch.removeValue(forKey: Directive.retainKeys) else { return }
        let malformed = PatchError(.malformed, "invalid patch format of retainKeys")
        guard case .array(let list) = directive else { throw malformed }
        let keys = Set(list.compactMap(\.stringValue))
        for (key, value) in patch where !value.isNull && !keys.contains(key) && !Directive.isDirective(key) { throw malformed }
        original.removeAll { !keys.contains($0.key) }
    }

    // MARK: Parts of the patch that are taken whole

    /// Without nulls and directives, which would otherwise stay in the object.
    static func cleaned(_ value: JSONValue) -> JSONValue? {
        switch value {
        case .object(let object):
            return object.contains(Directive.marker) ? nil : .object(cleaned(object))
        case .array(let elements):
            return .array(elements.compactMap { cleaned($0) })
        default:
            return value
        }
    }

    static func cleaned(_ object: JSONObject) -> JSONObject {
        JSONObject(
            uniqueEntries: object.compactMap { key, value in
                guard !value.isNull, !Directive.isDirective(key), let value = cleaned(value) else { return nil }
                return (key: key, value: value)
            })
    }

    static func unknownDirective(_ directive: JSONValue, _ object: JSONObject) -> PatchError {
        PatchError(.inconsistent, "unknown patch type: \(directive.goDescription) in map: \(object.goDescription)")
    }
}

/// Where in the schema a merge is.
struct PatchPosition {
    /// Of the object at this place; nil when nothing is known of it.
    private var schema: Schema?
    /// When this place is a map: the type of its values.
    private var valueType: Schema.ValueType?

    init(schema: Schema?) { self.schema = schema }

    private init(_ type: Schema.ValueType?) {
        self.init(schema: nil)
        switch type {
        case .object(let reference): schema = reference.schema
        case .map(let value): valueType = value
        case .array(let element): self = PatchPosition(element)
        default: break
        }
    }

    /// The place of a member (or of the elements of a member that is a list), and the field if there is one.
    func member(_ key: String) -> (PatchPosition, Schema.Field?) {
        if let valueType { return (PatchPosition(valueType), nil) }
        let field = schema?.field(key)
        return (PatchPosition(field?.type), field)
    }

    /// For messages.
    var name: String { schema?.name ?? "" }
}
