import Yams

/// A kubeconfig that cannot be used, and where in it the reason is.
package struct KubeconfigError: Error, CustomStringConvertible {
    package var file: String
    /// The path inside the file, such as `users[0].user.client-key-data`; empty for the file itself.
    package var field: String
    package var problem: String

    package var description: String {
        field.isEmpty ? "kubeconfig \(file): \(problem)" : "kubeconfig \(file): \(field): \(problem)"
    }
}

/// Reads fields of a YAML node and knows where it is, for messages.
struct KubeconfigNode {
    var file: String
    var field: String
    var node: Node

    init(file: String, yaml: String) throws(KubeconfigError) {
        self.file = file
        field = ""
        do {
            node = try Yams.compose(yaml: yaml) ?? Node("")
        } catch {
            throw KubeconfigError(file: file, field: "", problem: "not YAML: \(error)")
        }
        guard node.mapping != nil else { throw error("must be a mapping") }
    }

    private init(file: String, field: String, node: Node) {
        self.file = file
        self.field = field
        self.node = node
    }

    func error(_ problem: String) -> KubeconfigError { KubeconfigError(file: file, field: field, problem: problem) }

    private func isNull(_ node: Node) -> Bool { node.scalar.map { $0.style == .plain && ["", "null", "~"].contains($0.string) } ?? false }

    /// The member, or nil when it is absent or null.
    func child(_ name: String) -> KubeconfigNode? {
        guard let child = node.mapping?[Node(name)], !isNull(child) else { return nil }
        return KubeconfigNode(file: file, field: field.isEmpty ? name : "\(field).\(name)", node: child)
    }

    func mapping(_ name: String) throws(KubeconfigError) -> KubeconfigNode {
        guard let child = child(name) else { throw error("\(name) is missing") }
        guard child.node.mapping != nil else { throw child.error("must be a mapping") }
        return child
    }

    func string(_ name: String) throws(KubeconfigError) -> String? {
        guard let child = child(name) else { return nil }
        guard let text = child.node.scalar?.string else { throw child.error("must be a string") }
        return text.isEmpty ? nil : text
    }

    func bool(_ name: String) throws(KubeconfigError) -> Bool {
        guard let child = child(name) else { return false }
        guard let value = child.node.bool else { throw child.error("must be true or false") }
        return value
    }

    func list(_ name: String) throws(KubeconfigError) -> [KubeconfigNode] {
        guard let child = child(name) else { return [] }
        guard let sequence = child.node.sequence else { throw child.error("must be a list") }
        return sequence.enumerated().map { KubeconfigNode(file: file, field: "\(child.field)[\($0.offset)]", node: $0.element) }
    }
}
