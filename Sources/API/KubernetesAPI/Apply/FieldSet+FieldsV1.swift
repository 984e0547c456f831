package import JSON

// FieldsV1: the set as an object of objects, the keys being path elements; `.` says that the field itself is in the set when others below it are.
extension FieldSet {
    /// Reads FieldsV1. Kinds of path elements that are not known are passed over.
    package init(fieldsV1 tree: JSONValue) throws(FieldSetError) {
        guard case .object(let members) = tree else { throw FieldSetError("managed fields are no object") }
        self = try Self.read(members).set ?? FieldSet()
    }

    /// - Returns: what is below, nil for nothing, and whether the place itself is a member.
    private static func read(_ members: JSONObject) throws(FieldSetError) -> (set: FieldSet?, isMember: Bool) {
        var nodes: [Node] = []
        nodes.reserveCapacity(members.count)
        var isMember = false
        for (key, value) in members {
            if key == "." {
                isMember = true
                continue
            }
            guard let element = try PathElement.parsing(key) else { continue }
            var node = Node(element, isMember: true)
            if case .object(let below) = value, !below.isEmpty {
                let inner = try read(below)
                node = Node(element, isMember: inner.isMember, children: inner.set ?? FieldSet())
            }
            nodes.append(node)
        }
        if nodes.isEmpty { return (nil, true) }
        // Two spellings of one element are one field.
        let set = FieldSet(unordered: nodes)
        for i in set.nodes.indices.dropFirst() where set.nodes[i].element == set.nodes[i - 1].element {
            return (nodes.reduce(FieldSet()) { $0.union(FieldSet(unordered: [$1])) }, isMember)
        }
        return (set, isMember)
    }

    /// The set as FieldsV1, in canonical order.
    package var fieldsV1: JSONValue { .object(fieldsV1Members(self: false)) }

    private func fieldsV1Members(self isMember: Bool) -> JSONObject {
        var members: [JSONObject.Element] = []
        members.reserveCapacity(nodes.count + 1)
        if isMember { members.append((".", .object([:]))) }
        for node in nodes {
            let below = node.children.isEmpty ? JSONObject() : node.children.fieldsV1Members(self: node.isMember)
            members.append((node.element.fieldsV1Key, .object(below)))
        }
        return JSONObject(uniqueEntries: members)
    }
}

// Questions to a set that is still FieldsV1, for writes that change what they always change and need not read everybody's sets.
extension FieldSet {
    /// Whether every field of the set is in the one that the tree writes down.
    package func isSubset(ofFieldsV1 tree: JSONValue) -> Bool {
        nodes.allSatisfy { node in
            guard let below = tree[node.element.fieldsV1Key] else { return false }
            if node.isMember, !Self.isMember(below) { return false }
            return node.children.isSubset(ofFieldsV1: below)
        }
    }

    /// Whether no field of the set is in the one that the tree writes down.
    package func isDisjoint(fromFieldsV1 tree: JSONValue) -> Bool {
        nodes.allSatisfy { node in
            guard let below = tree[node.element.fieldsV1Key] else { return true }
            if node.isMember, Self.isMember(below) { return false }
            return node.children.isDisjoint(fromFieldsV1: below)
        }
    }

    private static func isMember(_ tree: JSONValue) -> Bool {
        guard case .object(let members) = tree else { return true }
        return members.isEmpty || members.contains(".")
    }
}
