package import JSON

/// The set of the manager who creates an object, as FieldsV1, in one walk: what `FieldComparison` with an empty object would find, without the sets in
/// between. Every create takes this way.
package enum NewObjectFields {
    /// - Parameter excluded: members of the object that the server fills in itself, such as `status`.
    /// - Returns: nil when there is nothing to own.
    package static func fieldsV1(of object: JSONValue, schema: Schema, excluded: String? = nil) -> JSONValue? {
        guard case .object(let members) = object else { return nil }
        var entries: [Entry] = []
        entries.reserveCapacity(members.count)
        for (name, value) in members where name != excluded && name != "apiVersion" && name != "kind" {
            if name == "metadata" {
                guard case .object(let metadata) = value, let type = schema.field(name)?.type.elementSchema else { continue }
                let below = metadataMembers(metadata, type)
                if !below.isEmpty { entries.append(("f:metadata", .object(JSONObject(uniqueEntries: below)))) }
            } else {
                put(name, value, schema.field(name), hasOwner: true, .object(schema), &entries)
            }
        }
        if entries.isEmpty { return nil }
        return .object(JSONObject(uniqueEntries: sorted(entries)))
    }

    private typealias Entry = JSONObject.Element

    private static func metadataMembers(_ metadata: JSONObject, _ schema: Schema) -> [Entry] {
        var entries: [Entry] = []
        for (name, value) in metadata {
            switch name {
            case "name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName", "generation", "managedFields", "resourceVersion":
                continue
            default: put(name, value, schema.field(name), hasOwner: true, .object(schema), &entries)
            }
        }
        return sorted(entries)
    }

    private static func sorted(_ entries: [Entry]) -> [Entry] {
        entries.count < 2 ? entries : entries.sorted { byteOrder($0.key, $1.key) < 0 }
    }

    /// - Parameter hasOwner: whether an empty object of the type has the object around the member.
    private static func put(
        _ name: String, _ value: JSONValue, _ field: Schema.Field?, hasOwner: Bool, _ shape: ApplyShape, _ entries: inout [Entry]
    ) {
        let inner = (field?.applyShape ?? shape.member(name).shape).of(value)
        let before = hasOwner ? field?.valueWhenAbsent : .none
        let key = field?.fieldsV1Key ?? "f:" + name
        if inner.isLeaf(value) {
            if let before, before == value { return }
            entries.append((key, .object(JSONObject())))
            return
        }
        let below = parts(value, inner, isNew: before == nil)
        if !below.isEmpty { entries.append((key, .object(JSONObject(uniqueEntries: below)))) }
    }

    /// What is below a value that is no leaf, and `.` when it is new as a whole.
    private static func parts(_ value: JSONValue, _ shape: ApplyShape, isNew: Bool) -> [Entry] {
        var entries: [Entry] = []
        switch (shape, value) {
        case (.object(let schema), .object(let members)):
            entries.reserveCapacity(members.count + 1)
            for (name, member) in members { put(name, member, schema.field(name), hasOwner: !isNew, shape, &entries) }
            entries = sorted(entries)
        case (_, .object(let members)):
            entries.reserveCapacity(members.count + 1)
            for (name, member) in members { put(name, member, nil, hasOwner: false, shape, &entries) }
            entries = sorted(entries)
        case (_, .array(let items)):
            entries = elements(items, shape)
        default:
            break
        }
        if isNew { entries.insert((".", .object(JSONObject())), at: 0) }
        return entries
    }

    private static func elements(_ items: [JSONValue], _ shape: ApplyShape) -> [Entry] {
        var elements: [(element: PathElement, value: JSONValue)] = []
        elements.reserveCapacity(items.count)
        for item in items {
            if let element = try? shape.pathElement(of: item) { elements.append((element, item)) }
        }
        if elements.count > 1 { elements.sort { $0.element < $1.element } }
        let inner = shape.elements
        var entries: [Entry] = []
        entries.reserveCapacity(elements.count)
        var last: PathElement?
        for (element, value) in elements {
            if let last, last == element {
                // An element that is there more than once is one field without parts.
                entries[entries.count - 1].value = .object(JSONObject())
                continue
            }
            last = element
            let isLeaf = inner.of(value).isLeaf(value)
            let below = isLeaf ? [] : parts(value, inner.of(value), isNew: true)
            entries.append((element.fieldsV1Key, .object(JSONObject(uniqueEntries: below))))
        }
        return entries
    }
}

extension ApplyShape {
    /// Whether a new value is one field, without fields below it. Empty lists and objects are.
    fileprivate func isLeaf(_ value: JSONValue) -> Bool {
        switch self {
        case .scalar, .atomicList, .atomicObject: true
        default: value.isVoid
        }
    }
}
