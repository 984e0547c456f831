/// A set of fields of an object: what a manager owns, or what a change has touched. A trie of path elements.
///
/// A field being in the set says nothing about its parents or children: `.spec` and `.spec.replicas` are two members.
package struct FieldSet: Sendable, Equatable {
    package struct Node: Sendable, Equatable {
        package let element: PathElement
        /// Whether the field itself is in the set, and not only some below it.
        package var isMember: Bool
        package var children: FieldSet

        package init(_ element: PathElement, isMember: Bool, children: FieldSet = FieldSet()) {
            self.element = element
            self.isMember = isMember
            self.children = children
        }

        /// Whether the node says anything.
        var isEmpty: Bool { !isMember && children.isEmpty }
    }

    /// In the order of their elements; none of them is empty.
    package private(set) var nodes: [Node]

    package init() { nodes = [] }

    package init(_ paths: [PathElement]...) {
        self.init()
        for path in paths { insert(path[...]) }
    }

    /// Takes nodes in any order, no element twice; drops empty ones.
    init(unordered nodes: [Node]) {
        self.nodes = nodes
        guard nodes.count > 1 else {
            if nodes.count == 1, nodes[0].isEmpty { self.nodes = [] }
            return
        }
        self.nodes.removeAll { $0.isEmpty }
        var ordered = true
        for i in 1..<max(self.nodes.count, 1) where !(self.nodes[i - 1].element < self.nodes[i].element) {
            ordered = false
            break
        }
        if !ordered { self.nodes.sort { $0.element < $1.element } }
    }

    /// Takes nodes that are in order, each said once and none of them empty.
    init(ordered nodes: [Node]) { self.nodes = nodes }

    package var isEmpty: Bool { nodes.isEmpty }

    /// The number of fields in the set.
    package var count: Int { nodes.reduce(0) { $0 + ($1.isMember ? 1 : 0) + $1.children.count } }

    /// The node of an element, if anything at it or below it is in the set.
    func node(_ element: PathElement) -> Node? {
        let place = place(of: element)
        return place.found ? nodes[place.index] : nil
    }

    /// The part of the set below an element.
    package func below(_ element: PathElement) -> FieldSet { node(element)?.children ?? FieldSet() }

    package func contains(_ path: ArraySlice<PathElement>) -> Bool {
        guard let first = path.first, let node = node(first) else { return false }
        return path.count == 1 ? node.isMember : node.children.contains(path.dropFirst())
    }

    package func contains(_ path: [PathElement]) -> Bool { contains(path[...]) }

    /// Adds one field; its parents are not added. The empty path, the whole object, is no field.
    package mutating func insert(_ path: ArraySlice<PathElement>) {
        guard let first = path.first else { return }
        let place = place(of: first)
        if !place.found { nodes.insert(Node(first, isMember: false), at: place.index) }
        if path.count == 1 { nodes[place.index].isMember = true } else { nodes[place.index].children.insert(path.dropFirst()) }
    }

    private func place(of element: PathElement) -> (index: Int, found: Bool) {
        var low = 0
        var high = nodes.count
        while low < high {
            let middle = (low + high) / 2
            let order = PathElement.order(nodes[middle].element, element)
            if order == 0 { return (middle, true) }
            if order < 0 { low = middle + 1 } else { high = middle }
        }
        return (low, false)
    }

    /// All fields, those of one level before those below them.
    package var paths: [[PathElement]] {
        var paths: [[PathElement]] = []
        collect(into: &paths, prefix: [])
        return paths
    }

    private func collect(into paths: inout [[PathElement]], prefix: [PathElement]) {
        for node in nodes where node.isMember { paths.append(prefix + [node.element]) }
        for node in nodes where !node.children.isEmpty { node.children.collect(into: &paths, prefix: prefix + [node.element]) }
    }
}

extension FieldSet: CustomStringConvertible {
    /// A path on each line.
    package var description: String { paths.map(Self.text).joined(separator: "\n") }

    /// A path as messages show it: `.spec.containers[name="x"].image`.
    package static func text(_ path: [PathElement]) -> String { path.map(\.description).joined() }
}
