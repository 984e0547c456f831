extension FieldSet {
    package func union(_ other: FieldSet) -> FieldSet {
        if isEmpty { return other }
        if other.isEmpty { return self }
        return combined(with: other) { mine, theirs in
            guard let mine else { return theirs }
            guard let theirs else { return mine }
            return Node(mine.element, isMember: mine.isMember || theirs.isMember, children: mine.children.union(theirs.children))
        }
    }

    package func intersection(_ other: FieldSet) -> FieldSet {
        if isEmpty || other.isEmpty { return FieldSet() }
        return combined(with: other) { mine, theirs in
            guard let mine, let theirs else { return nil }
            return Node(mine.element, isMember: mine.isMember && theirs.isMember, children: mine.children.intersection(theirs.children))
        }
    }

    /// The fields that are not in the other set. A parent is another field than its child.
    package func difference(_ other: FieldSet) -> FieldSet {
        if isEmpty || other.isEmpty { return self }
        return combined(with: other) { mine, theirs in
            guard let mine else { return nil }
            guard let theirs else { return mine }
            return Node(mine.element, isMember: mine.isMember && !theirs.isMember, children: mine.children.difference(theirs.children))
        }
    }

    /// The fields that are neither in the other set nor below a field that is.
    package func recursiveDifference(_ other: FieldSet) -> FieldSet {
        if isEmpty || other.isEmpty { return self }
        return combined(with: other) { mine, theirs in
            guard let mine else { return nil }
            guard let theirs else { return mine }
            if theirs.isMember { return nil }
            return Node(mine.element, isMember: mine.isMember, children: mine.children.recursiveDifference(theirs.children))
        }
    }

    /// The fields on the way to these places and at them and below them. In a path, nil stands for any element.
    package func including(_ places: [[PathElement?]]) -> FieldSet {
        if places.contains(where: \.isEmpty) { return self }
        return FieldSet(
            ordered: nodes.compactMap { node in
                let beyond = places.filter { $0[0] == nil || $0[0] == node.element }.map { Array($0.dropFirst()) }
                guard !beyond.isEmpty else { return nil }
                return Node(node.element, isMember: node.isMember, children: node.children.including(beyond))
            }.filter { !$0.isEmpty })
    }

    /// The set, with every field that the type declares and that has members below it itself a member: what owning a part of `.spec.strategy` means
    /// when one asks who needs `.spec.strategy`.
    func withDeclaredParents(_ shape: ApplyShape) -> FieldSet {
        FieldSet(
            ordered: nodes.map { node in
                var node = node
                var declared = false
                let inner: ApplyShape
                switch (node.element, shape) {
                case (.field(let name), .object(let schema)):
                    if let field = schema.field(name) {
                        declared = true
                        inner = field.applyShape
                    } else {
                        inner = .untyped
                    }
                case (.field, .map(let element)): inner = element.applyShape
                case (.key, .listMap(_, let schema)): inner = .object(schema)
                default: inner = .untyped
                }
                if declared, !node.children.isEmpty { node.isMember = true }
                node.children = node.children.withDeclaredParents(inner)
                return node
            })
    }

    /// Walks both sets in order; `merge` is given what either has at an element.
    private func combined(with other: FieldSet, _ merge: (Node?, Node?) -> Node?) -> FieldSet {
        var result: [Node] = []
        func take(_ node: Node?) {
            if let node, !node.isEmpty { result.append(node) }
        }
        var i = 0
        var j = 0
        while i < nodes.count && j < other.nodes.count {
            let order = PathElement.order(nodes[i].element, other.nodes[j].element)
            take(merge(order <= 0 ? nodes[i] : nil, order >= 0 ? other.nodes[j] : nil))
            if order <= 0 { i += 1 }
            if order >= 0 { j += 1 }
        }
        while i < nodes.count {
            take(merge(nodes[i], nil))
            i += 1
        }
        while j < other.nodes.count {
            take(merge(nil, other.nodes[j]))
            j += 1
        }
        return FieldSet(ordered: result)
    }
}
