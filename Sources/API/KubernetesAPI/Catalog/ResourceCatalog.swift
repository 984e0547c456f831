/// The built-in resources of the API: every group version that is not alpha.
package struct ResourceCatalog: Sendable {
    package struct Resource: Sendable {
        package let type: ResourceType
        /// Sorted: `create`, `delete`, `deletecollection`, `get`, `list`, `patch`, `update`, `watch`.
        package let verbs: [String]
        package let shortNames: [String]
        /// `all`, `api-extensions`.
        package let categories: [String]
        package let subresources: [Subresource]

        package var kind: GroupVersionKind { GroupVersionKind(group: type.group, version: type.version, kind: type.kind) }

        /// The schema of the objects; nil for resources whose objects have none in the published API (there are none such).
        package var schema: Schema? { Schema.of(kind) }

        package func subresource(_ name: String) -> Subresource? { subresources.first { $0.name == name } }
    }

    package struct Subresource: Sendable {
        /// `status`, `scale`, `exec`...
        package let name: String
        /// Of the objects that are read and written there; for streams and proxies, of the request's options.
        package let kind: GroupVersionKind
        /// Sorted.
        package let verbs: [String]
    }

    /// The catalogue of Kubernetes' own resources, read when first used.
    package static let builtIn = ResourceCatalog(EmbeddedTable.named("catalog"))

    /// Sorted by group, version and plural.
    package let resources: [Resource]
    private let positions: [Key: Int]
    private let positionsByKind: [GroupVersionKind: Int]

    private struct Key: Hashable {
        var group: String
        var version: String
        var plural: String
    }

    package init(_ resources: [Resource]) {
        self.resources = resources
        positions = Dictionary(
            resources.enumerated().map { (Key(group: $1.type.group, version: $1.type.version, plural: $1.type.plural), $0) },
            uniquingKeysWith: { first, _ in first })
        positionsByKind = Dictionary(resources.enumerated().map { ($1.kind, $0) }, uniquingKeysWith: { first, _ in first })
    }

    package func resource(group: String, version: String, plural: String) -> Resource? {
        positions[Key(group: group, version: version, plural: plural)].map { resources[$0] }
    }

    package func resource(of kind: GroupVersionKind) -> Resource? {
        positionsByKind[kind].map { resources[$0] }
    }

    package func resources(group: String, version: String) -> [Resource] {
        resources.filter { $0.type.group == group && $0.type.version == version }
    }
}

extension ResourceCatalog {
    /// Reads the table's lines:
    ///
    ///     resource apps v1 deployments Deployment namespaced create,delete,... short=deploy categories=all
    ///      scale autoscaling/v1/Scale get,patch,update
    fileprivate init(_ table: EmbeddedTable?) {
        var resources: [Resource] = []
        table?.forEachBlock { head, subresources in
            guard head.starts(with: "resource ") else { return }
            let words = head.words
            guard words.count >= 7 else { return }
            func list(_ flag: String) -> [String] {
                words.first { $0.hasPrefix(flag) }?.dropFirst(flag.count).split(separator: ",").map(String.init) ?? []
            }
            let type = ResourceType(
                group: words[1] == "-" ? "" : String(words[1]), version: String(words[2]), kind: String(words[4]), plural: String(words[3]),
                singular: words[4].lowercased(), namespaced: words[5] == "namespaced")
            resources.append(
                Resource(
                    type: type, verbs: words[6] == "-" ? [] : words[6].split(separator: ",").map(String.init), shortNames: list("short="),
                    categories: list("categories="), subresources: subresources.lines.compactMap(Self.subresource)))
        }
        self.init(resources)
    }

    private static func subresource(_ line: Substring) -> Subresource? {
        let words = line.split(separator: " ")
        guard words.count == 3, let kind = SchemaTables.kind(words[1]) else { return nil }
        return Subresource(name: String(words[0]), kind: kind, verbs: words[2].split(separator: ",").map(String.init))
    }
}
