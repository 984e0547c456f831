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
        sort(&entries)
        return .object(JSONObject(uniqueEntries: entries))
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
        sort(&entries)
        return entries
    }

    /// Puts the entries from a place on in the order of their keys. They are few, and often in order already.
    private static func sort(_ entries: inout [Entry], from start: Int = 0) {
        var i = start + 1
        while i < entries.count {
            var j = i
            while j > start, byteOrder(entries[j].key, entries[j - 1].key) < 0 {
                entries.swapAt(j, j - 1)
                j -= 1
            }
            i += 1
            // A long map deserves a better way.
            if i - start == 32, entries.count - start > 64 {
                entries[start...].sort { byteOrder($0.key, $1.key) < 0 }
                return
            }
        }
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
        let start = isNew ? 1 : 0
        switch (shape, value) {
        case (.object(let schema), .object(let members)):
            entries.reserveCapacity(members.count + 1)
            if isNew { entries.append((".", .object(JSONObject()))) }
            for (name, member) in members { put(name, member, schema.field(name), hasOwner: !isNew, shape, &entries) }
            sort(&entries, from: start)
        case (_, .object(let members)):
            entries.reserveCapacity(members.count + 1)
            if isNew { entries.append((".", .object(JSONObject()))) }
            for (name, member) in members { put(name, member, nil, hasOwner: false, shape, &entries) }
            sort(&entries, from: start)
        case (_, .array(let items)):
            entries.reserveCapacity(items.count + 1)
            if isNew { entries.append((".", .object(JSONObject()))) }
            elements(items, shape, &entries)
        default:
            break
        }
        return entries
    }

    private static func elements(_ items: [JSONValue], _ shape: ApplyShape, _ entries: inout [Entry]) {
        var elements: [(element: PathElement, value: JSONValue)] = []
        elements.reserveCapacity(items.count)
        for item in items {
            if let element = try? shape.pathElement(of: item) { elements.append((element, item)) }
        }
        if elements.count > 1 { elements.sort { $0.element < $1.element } }
        let inner = shape.elements
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
