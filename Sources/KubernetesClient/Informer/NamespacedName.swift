package import KubernetesAPI

/// What names an object among those of its kind. The namespace of a cluster-scoped object is empty.
package struct NamespacedName: Hashable, Sendable, CustomStringConvertible, Comparable {
    package var namespace: String
    package var name: String

    package init(namespace: String, name: String) {
        self.namespace = namespace
        self.name = name
    }

    package init(_ metadata: ObjectMeta) {
        namespace = metadata.namespace ?? ""
        name = metadata.name ?? ""
    }

    /// `namespace/name`, or the name alone.
    package var description: String { namespace.isEmpty ? name : "\(namespace)/\(name)" }

    package static func < (a: Self, b: Self) -> Bool {
        a.namespace == b.namespace ? a.name < b.name : a.namespace < b.namespace
    }
}
