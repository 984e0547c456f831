import JSON

/// Finds the resources of the API in the paths of the OpenAPI document.
struct ResourceReader {
    let api: APIDescription

    func resources(paths: JSONValue?) throws -> [ResourceDescription] {
        var found: [Key: Draft] = [:]
        for (path, item) in paths?.members ?? [] {
            guard let place = Place(path: path) else { continue }
            for (method, operation) in item.members {
                guard let action = operation["x-kubernetes-action"]?.stringValue, let verb = Self.verb(action: action, method: method) else {
                    continue
                }
                let kind = operation["x-kubernetes-group-version-kind"].map {
                    GroupVersionKind(
                        group: $0["group"]?.stringValue ?? "", version: $0["version"]?.stringValue ?? "", kind: $0["kind"]?.stringValue ?? "")
                }
                guard let kind else { continue }
                var draft = found[place.key] ?? Draft()
                draft.add(verb: verb, kind: kind, place: place)
                found[place.key] = draft
            }
        }
        guard !found.isEmpty else { throw GeneratorError("the OpenAPI document has no resource paths") }
        return found.map { Self.resource($0.key, $0.value) }.sorted {
            ($0.group, $0.version, $0.plural) < ($1.group, $1.version, $1.plural)
        }
    }

    private static func resource(_ key: Key, _ draft: Draft) -> ResourceDescription {
        ResourceDescription(
            group: key.group, version: key.version, plural: key.plural, kind: draft.kind, isNamespaced: draft.isNamespaced,
            verbs: draft.verbs.sorted(),
            shortNames: ResourceNames.shortNames[key.plural] ?? [],
            categories: ResourceNames.categories(group: key.group, plural: key.plural),
            subresources: draft.subresources.map { SubresourceDescription(name: $0.key, kind: $0.value.kind, verbs: $0.value.verbs.sorted()) }
                .sorted { $0.name < $1.name })
    }

    private static func verb(action: String, method: String) -> String? {
        switch action {
        case "get", "list", "patch", "delete", "deletecollection": action
        case "post": "create"
        case "put": "update"
        case "watch", "watchlist": "watch"
        case "connect": ["get": "get", "post": "create", "put": "update", "patch": "patch", "delete": "delete"][method]
        default: nil
        }
    }

    private struct Key: Hashable {
        var group: String
        var version: String
        var plural: String
    }

    private struct Draft {
        var kind = ""
        var isNamespaced = false
        var verbs: Set<String> = []
        var subresources: [String: (kind: GroupVersionKind, verbs: Set<String>)] = [:]

        mutating func add(verb: String, kind gvk: GroupVersionKind, place: Place) {
            if place.isNamespaced { isNamespaced = true }
            if let name = place.subresource {
                subresources[name, default: (gvk, [])].verbs.insert(verb)
            } else {
                kind = gvk.kind
                verbs.insert(verb)
            }
        }
    }

    /// What a path of the document stands for; nil for paths that are not of a resource.
    private struct Place {
        var key: Key
        var isNamespaced = false
        var subresource: String?

        init?(path: String) {
            var parts = path.split(separator: "/").map(String.init)[...]
            switch parts.popFirst() {
            case "api": key = Key(group: "", version: parts.popFirst() ?? "", plural: "")
            case "apis": key = Key(group: parts.popFirst() ?? "", version: parts.popFirst() ?? "", plural: "")
            default: return nil
            }
            if parts.first == "watch" { parts.removeFirst() }
            if parts.starts(with: ["namespaces", "{namespace}"]) {
                isNamespaced = true
                parts.removeFirst(2)
            }
            guard let plural = parts.popFirst() else { return nil }
            key.plural = plural
            if parts.popFirst() != nil { subresource = parts.popFirst() }
        }
    }
}
