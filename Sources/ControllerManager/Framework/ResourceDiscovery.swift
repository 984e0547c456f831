import JSON
import KubernetesAPI
import KubernetesClient

/// A resource as the server announces it.
struct DiscoveredResource: Hashable, Sendable {
    var type: ResourceType
    var verbs: Set<String>
}

/// Finds out which resources the server has, custom ones included.
struct ResourceDiscovery: Sendable {
    let client: Client

    /// All resources in their group's preferred version, without subresources.
    ///
    /// - Throws: when a group's resources can't be read: what is unknown must not be taken for empty.
    func resources() async throws -> [DiscoveredResource] {
        var versions: [(group: String, version: String)] = [("", "v1")]
        for group in try await client.get(path: "/apis")["groups"]?.arrayValue ?? [] {
            guard let name = group["name"]?.stringValue, let version = group["preferredVersion"]?["version"]?.stringValue else { continue }
            versions.append((name, version))
        }
        var found: [DiscoveredResource] = []
        for (group, version) in versions {
            let path = group.isEmpty ? "/api/\(version)" : "/apis/\(group)/\(version)"
            for resource in try await client.get(path: path)["resources"]?.arrayValue ?? [] {
                guard let plural = resource["name"]?.stringValue, !plural.contains("/"), let kind = resource["kind"]?.stringValue else { continue }
                let type = ResourceType(
                    group: group, version: version, kind: kind, plural: plural, singular: resource["singularName"]?.stringValue ?? "",
                    namespaced: resource["namespaced"]?.boolValue ?? false)
                let verbs = Set((resource["verbs"]?.arrayValue ?? []).compactMap(\.stringValue))
                found.append(DiscoveredResource(type: type, verbs: verbs))
            }
        }
        return found
    }
}
