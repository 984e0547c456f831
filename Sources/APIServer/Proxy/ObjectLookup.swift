package import JSON

/// Reads objects of the cluster as of now, from the watch cache. Must not block.
package struct ObjectLookup: Sendable {
    /// An object by group, resource, namespace (empty for cluster-scoped ones) and name.
    package var get: @Sendable (_ group: String, _ resource: String, _ namespace: String, _ name: String) -> JSONValue?
    /// All objects of a resource in a namespace (empty for all namespaces).
    package var list: @Sendable (_ group: String, _ resource: String, _ namespace: String) -> [JSONValue]

    package init(
        get: @escaping @Sendable (_ group: String, _ resource: String, _ namespace: String, _ name: String) -> JSONValue?,
        list: @escaping @Sendable (_ group: String, _ resource: String, _ namespace: String) -> [JSONValue]
    ) {
        self.get = get
        self.list = list
    }
}
