package import JSON

/// One rule of a role (rbac.authorization.k8s.io/v1 `PolicyRule`).
package struct PolicyRule: Sendable, Equatable {
    package var verbs: [String]
    package var apiGroups: [String]
    /// `pods`, `pods/log`, `*/scale` or `*`.
    package var resources: [String]
    /// Empty: all names.
    package var resourceNames: [String]
    /// `/healthz`, `/api/*` or `*`.
    package var nonResourceURLs: [String]

    package init(
        verbs: [String], apiGroups: [String] = [], resources: [String] = [], resourceNames: [String] = [], nonResourceURLs: [String] = []
    ) {
        self.verbs = verbs
        self.apiGroups = apiGroups
        self.resources = resources
        self.resourceNames = resourceNames
        self.nonResourceURLs = nonResourceURLs
    }

    package init(json: JSONValue) {
        func texts(_ key: String) -> [String] { json[key]?.arrayValue?.compactMap(\.stringValue) ?? [] }
        self.init(
            verbs: texts("verbs"), apiGroups: texts("apiGroups"), resources: texts("resources"), resourceNames: texts("resourceNames"),
            nonResourceURLs: texts("nonResourceURLs"))
    }

    package var json: JSONValue {
        var object: JSONValue = [:]
        func set(_ key: String, _ texts: [String]) {
            if !texts.isEmpty { object[key] = .array(texts.map { .string($0) }) }
        }
        object["verbs"] = .array(verbs.map { .string($0) })
        set("apiGroups", apiGroups)
        set("resources", resources)
        set("resourceNames", resourceNames)
        set("nonResourceURLs", nonResourceURLs)
        return object
    }

    package func allows(_ attributes: AuthorizationAttributes) -> Bool {
        guard contains(verbs, attributes.verb) else { return false }
        if attributes.isResourceRequest {
            return contains(apiGroups, attributes.apiGroup) && allowsResource(attributes)
                && (resourceNames.isEmpty || resourceNames.contains(attributes.name))
        }
        return nonResourceURLs.contains { Self.url($0, covers: attributes.path) }
    }

    private func allowsResource(_ attributes: AuthorizationAttributes) -> Bool {
        for rule in resources {
            if rule == "*" { return true }
            if attributes.subresource.isEmpty {
                if rule == attributes.resource { return true }
                continue
            }
            guard let slash = rule.utf8.firstIndex(of: UInt8(ascii: "/")) else { continue }
            let resource = rule[..<slash]
            guard rule[rule.utf8.index(after: slash)...] == attributes.subresource else { continue }
            if resource == "*" || resource == attributes.resource { return true }
        }
        return false
    }

    private func contains(_ texts: [String], _ text: String) -> Bool {
        for candidate in texts where candidate == text || candidate == "*" { return true }
        return false
    }

    /// Whether a rule's path, which may end in `*`, covers a request's path.
    static func url(_ rule: String, covers path: String) -> Bool {
        if rule == "*" || rule == path { return true }
        return rule.hasSuffix("*") && path.hasPrefix(rule.dropLast())
    }
}
