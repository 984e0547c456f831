package import KubernetesAPI

/// Which group versions and resources are served: stable ones, as with upstream, and what `--runtime-config` says otherwise.
package struct ServedVersions: Sendable {
    private enum Stability: String { case ga, beta, alpha }

    private var byStability: [Stability: Bool] = [.ga: true]
    private var all: Bool?
    /// By `group/version` and `group/version/resource`; core is `v1`.
    private var named: [String: Bool] = [:]

    package init() {}

    /// - Parameter settings: such as `api/beta=true` or `resource.k8s.io/v1beta1=true`.
    /// - Throws: `ServedVersionsError` for what is nothing that could be served.
    package init(settings: [String: String], catalog: ResourceCatalog = .builtIn) throws(ServedVersionsError) {
        let versions = Set(catalog.resources.map(\.type.apiVersion))
        let resources = Set(catalog.resources.map { "\($0.type.apiVersion)/\($0.type.plural)" })
        for (key, text) in settings {
            guard let value = text.isEmpty ? true : Bool(text) else { throw ServedVersionsError("\(key)=\(text): the value must be true or false") }
            let name = key == "api/v1" || key.hasPrefix("api/v1/") ? String(key.dropFirst("api/".count)) : key
            if key == "api/all" {
                all = value
            } else if key.hasPrefix("api/"), let stability = Stability(rawValue: String(key.dropFirst("api/".count))) {
                byStability[stability] = value
            } else if versions.contains(name) || resources.contains(name) {
                named[name] = value
            } else {
                throw ServedVersionsError("there is no group version or resource \(key)")
            }
        }
    }

    package func serves(_ type: ResourceType) -> Bool {
        // What is said of less goes before what is said of more.
        if let own = named["\(type.apiVersion)/\(type.plural)"] ?? named[type.apiVersion] { return own }
        let stability: Stability = type.version.contains("alpha") ? .alpha : type.version.contains("beta") ? .beta : .ga
        return all ?? byStability[stability] ?? false
    }
}

/// What is wrong with the settings, for the person who made them.
package struct ServedVersionsError: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}

extension ResourceCatalog {
    /// The resources that are served.
    package func serving(_ versions: ServedVersions = ServedVersions()) -> ResourceCatalog {
        ResourceCatalog(resources.filter { versions.serves($0.type) })
    }
}
