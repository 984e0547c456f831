package import JSON

extension FieldSet {
    /// The fields of an object: what somebody who applies it owns.
    package init(of tree: JSONValue, schema: Schema) {
        self = Self.extract(tree, .object(schema)).below
    }

    /// - Returns: the fields below a value, and whether the value is itself a field with an owner.
    private static func extract(_ value: JSONValue, _ shape: ApplyShape) -> (below: FieldSet, isLeaf: Bool) {
        let shape = shape.of(value)
        switch shape {
        case .scalar, .atomicList, .atomicObject:
            return (FieldSet(), true)
        case .set, .listMap:
            guard case .array(let items) = value else { return (FieldSet(), false) }
            return (elements(items, shape), false)
        case .map, .object, .untyped:
            guard case .object(let members) = value else { return (FieldSet(), false) }
            var nodes: [Node] = []
            nodes.reserveCapacity(members.count)
            for (name, member) in members {
                let (inner, isDeclared) = shape.member(name)
                let (below, isLeaf) = extract(member, inner)
                let isEmpty = if case .object(let object) = member { object.isEmpty } else { member.isNull }
                nodes.append(Node(.field(name), isMember: isLeaf || isEmpty || !isDeclared, children: below))
            }
            return (FieldSet(unordered: nodes), false)
        }
    }

    /// Elements that are there more than once are one field without parts.
    private static func elements(_ items: [JSONValue], _ shape: ApplyShape) -> FieldSet {
        var nodes: [Node] = []
        nodes.reserveCapacity(items.count)
        for item in items {
            guard let element = try? shape.pathElement(of: item) else { continue }
            nodes.append(Node(element, isMember: true, children: extract(item, shape.elements).below))
        }
        guard nodes.count > 1 else { return FieldSet(ordered: nodes) }
        let sorted = FieldSet(unordered: nodes).nodes
        var unique: [Node] = []
        unique.reserveCapacity(sorted.count)
        for node in sorted {
            if let last = unique.last, last.element == node.element {
                unique[unique.count - 1].children = FieldSet()
            } else {
                unique.append(node)
            }
        }
        return FieldSet(ordered: unique)
    }
}
