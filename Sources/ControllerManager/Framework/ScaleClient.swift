import JSON
import KubernetesAPI
import KubernetesClient

/// Reads and writes the `scale` subresource of objects of any kind.
struct ScaleClient: Sendable {
    let client: Client

    /// The resource of a kind, as the server announces it.
    ///
    /// - Throws: `NoScale` when the server has none.
    func resource(apiVersion: String, kind: String) async throws -> ResourceType {
        let wanted = GroupVersionKind(apiVersion: apiVersion, kind: kind)
        let found: [JSONValue]
        do {
            let path = wanted.group.isEmpty ? "/api/\(wanted.version)" : "/apis/\(wanted.group)/\(wanted.version)"
            found = try await client.get(path: path)["resources"]?.arrayValue ?? []
        } catch let error as APIStatusError where error.isNotFound {
            found = []
        }
        let match = found.first { $0["kind"]?.stringValue == kind && $0["name"]?.stringValue?.contains("/") == false }
        guard let match, let plural = match["name"]?.stringValue else {
            throw NoScale(description: "no matches for kind \"\(kind)\" in version \"\(apiVersion)\"")
        }
        return ResourceType(
            group: wanted.group, version: wanted.version, kind: kind, plural: plural, singular: match["singularName"]?.stringValue ?? "",
            namespaced: match["namespaced"]?.boolValue ?? false)
    }

    func get(_ resource: ResourceType, _ key: NamespacedName) async throws -> JSONValue {
        try await client.get(path: resource.path(namespace: key.namespace, name: key.name, subresource: "scale"))
    }

    /// Writes a scale that was read before, on condition that nobody has changed it since.
    func update(_ resource: ResourceType, _ key: NamespacedName, _ scale: JSONValue) async throws {
        _ = try await client.send("PUT", resource.path(namespace: key.namespace, name: key.name, subresource: "scale"), scale.serialized())
    }
}

/// An object cannot be scaled, or nobody knows how.
struct NoScale: Error, CustomStringConvertible {
    var description: String
}
