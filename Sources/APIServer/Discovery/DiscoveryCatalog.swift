package import KubernetesAPI

/// What the server serves, as discovery tells it. `version` grows whenever that changes (custom resources come and go).
package protocol DiscoverySource: Sendable {
    var version: UInt64 { get }
    func resources() -> [DiscoveryResource]
}

/// One resource in one version, with those of its subresources that are served.
package struct DiscoveryResource: Sendable {
    package let type: ResourceType
    package let verbs: [String]
    package let shortNames: [String]
    package let categories: [String]
    package let subresources: [ResourceCatalog.Subresource]

    package init(_ resource: ResourceCatalog.Resource, subresources: [ResourceCatalog.Subresource]) {
        type = resource.type
        verbs = resource.verbs
        shortNames = resource.shortNames
        categories = resource.categories
        self.subresources = subresources
    }

    /// A resource that the catalogue does not have.
    init(type: ResourceType, verbs: [String]) {
        self.type = type
        self.verbs = verbs
        shortNames = []
        categories = []
        subresources = []
    }

    var kind: GroupVersionKind { GroupVersionKind(group: type.group, version: type.version, kind: type.kind) }
}

/// Discovery over the built-in resources, as far as they are served.
package struct BuiltInDiscovery: DiscoverySource {
    private let served: [DiscoveryResource]

    /// - Parameters:
    ///   - computed: resources that are served besides those of the catalogue.
    ///   - serves: whether a resource is served; with a name, whether that subresource of it is.
    package init(
        catalog: ResourceCatalog = .builtIn, computed: [DiscoveryResource] = [], serves: (_ type: ResourceType, _ subresource: String?) -> Bool
    ) {
        served =
            catalog.resources.compactMap { resource in
                let subresources = resource.subresources.filter { serves(resource.type, $0.name) }
                let isServed = serves(resource.type, nil)
                return isServed || !subresources.isEmpty ? DiscoveryResource(resource, subresources: subresources) : nil
            } + computed
    }

    package var version: UInt64 { 1 }

    package func resources() -> [DiscoveryResource] { served }
}

/// Groups and versions in the order in which clients prefer them.
struct DiscoveryGroup: Sendable {
    struct Version: Sendable {
        let name: String
        let resources: [DiscoveryResource]
    }

    let name: String
    /// Preferred first.
    let versions: [Version]

    /// Upstream's order, which decides what a short resource name means when several groups have it.
    private static let order = [
        "", "apiregistration.k8s.io", "apps", "events.k8s.io", "authentication.k8s.io", "authorization.k8s.io", "autoscaling", "batch",
        "certificates.k8s.io", "networking.k8s.io", "policy", "rbac.authorization.k8s.io", "storage.k8s.io", "admissionregistration.k8s.io",
        "apiextensions.k8s.io", "scheduling.k8s.io", "coordination.k8s.io", "node.k8s.io", "discovery.k8s.io", "resource.k8s.io",
        "flowcontrol.apiserver.k8s.io",
    ]

    static func groups(of resources: [DiscoveryResource]) -> [DiscoveryGroup] {
        let byGroup = Dictionary(grouping: resources, by: \.type.group)
        func rank(_ group: String) -> Int { order.firstIndex(of: group) ?? order.count }
        return byGroup.keys.sorted { rank($0) == rank($1) ? $0 < $1 : rank($0) < rank($1) }.map { group in
            let byVersion = Dictionary(grouping: byGroup[group] ?? [], by: \.type.version)
            let versions = byVersion.keys.sorted { VersionOrder($0) > VersionOrder($1) }
            return DiscoveryGroup(
                name: group,
                versions: versions.map { version in
                    Version(name: version, resources: (byVersion[version] ?? []).sorted { $0.type.plural < $1.type.plural })
                })
        }
    }
}

/// v2 before v1 before v1beta2 before v1beta1 before v1alpha1 before anything else.
struct VersionOrder: Comparable {
    private let stability: Int
    private let major: Int
    private let minor: Int
    private let text: String

    init(_ text: String) {
        self.text = text
        var digits = text.dropFirst()
        let majorDigits = digits.prefix { $0.isNumber }
        digits = digits.dropFirst(majorDigits.count)
        guard text.first == "v", let major = Int(majorDigits) else {
            (stability, self.major, minor) = (0, 0, 0)
            return
        }
        self.major = major
        if digits.isEmpty {
            (stability, minor) = (3, 0)
        } else if digits.hasPrefix("beta"), let minor = Int(digits.dropFirst(4)) {
            (stability, self.minor) = (2, minor)
        } else if digits.hasPrefix("alpha"), let minor = Int(digits.dropFirst(5)) {
            (stability, self.minor) = (1, minor)
        } else {
            (stability, minor) = (0, 0)
        }
    }

    static func < (left: VersionOrder, right: VersionOrder) -> Bool {
        let (a, b) = ((left.stability, left.major, left.minor), (right.stability, right.major, right.minor))
        return a == b ? left.text > right.text : a < b
    }
}
