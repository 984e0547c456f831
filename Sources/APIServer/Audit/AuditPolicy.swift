/// How much of a request is recorded.
package enum AuditLevel: String, Sendable, Comparable {
    case none = "None"
    case metadata = "Metadata"
    case request = "Request"
    case requestResponse = "RequestResponse"

    private var rank: Int {
        switch self {
        case .none: 0
        case .metadata: 1
        case .request: 2
        case .requestResponse: 3
        }
    }

    package static func < (a: AuditLevel, b: AuditLevel) -> Bool { a.rank < b.rank }
}

/// The moments of a request at which it may be recorded.
package enum AuditStage: String, Sendable {
    case requestReceived = "RequestReceived"
    case responseStarted = "ResponseStarted"
    case responseComplete = "ResponseComplete"
    case panic = "Panic"
}

/// What is recorded of which requests (audit.k8s.io/v1 `Policy`): the first rule that fits decides.
package struct AuditPolicy: Sendable {
    struct Resources: Sendable {
        var group: String
        var resources: [String]
        var names: [String]
    }

    struct Rule: Sendable {
        var level: AuditLevel
        var users: [String] = []
        var groups: [String] = []
        var verbs: [String] = []
        var resources: [Resources] = []
        var namespaces: [String] = []
        var paths: [String] = []
        var omitStages: Set<AuditStage> = []
        var omitManagedFields: Bool?
    }

    /// What a policy says of one request.
    struct Verdict: Sendable, Equatable {
        var level: AuditLevel
        var omitStages: Set<AuditStage>
        var omitManagedFields: Bool
    }

    private let rules: [Rule]
    private let omitStages: Set<AuditStage>
    private let omitManagedFields: Bool

    /// Reads a policy file, YAML or JSON.
    ///
    /// - Throws: `ConfigurationFileError` naming the field.
    package init(yaml bytes: [UInt8], path: String) throws(ConfigurationFileError) {
        let root = try ConfigurationNode(yaml: bytes, file: path, kind: "Policy", versions: ["audit.k8s.io/v1"])
        try root.allow("metadata", "rules", "omitStages", "omitManagedFields")
        omitStages = try Self.stages(root)
        omitManagedFields = try root.bool("omitManagedFields") ?? false
        var rules: [Rule] = []
        for node in try root.children("rules") { rules.append(try Self.rule(node)) }
        if rules.isEmpty { throw root.error("rules", "must hold at least one rule") }
        self.rules = rules
    }

    func verdict(_ attributes: AuthorizationAttributes) -> Verdict {
        for rule in rules where rule.fits(attributes) {
            return Verdict(
                level: rule.level, omitStages: omitStages.union(rule.omitStages), omitManagedFields: rule.omitManagedFields ?? omitManagedFields)
        }
        return Verdict(level: .none, omitStages: [], omitManagedFields: false)
    }

    private static func rule(_ node: ConfigurationNode) throws(ConfigurationFileError) -> Rule {
        try node.allow(
            "level", "users", "userGroups", "verbs", "resources", "namespaces", "nonResourceURLs", "omitStages", "omitManagedFields")
        guard let level = AuditLevel(rawValue: try node.string("level")) else {
            throw node.error("level", "must be None, Metadata, Request or RequestResponse")
        }
        var rule = Rule(level: level)
        rule.users = try node.strings("users")
        rule.groups = try node.strings("userGroups")
        rule.verbs = try node.strings("verbs")
        rule.namespaces = try node.strings("namespaces")
        rule.paths = try node.strings("nonResourceURLs")
        for resource in try node.children("resources") { rule.resources.append(try resources(resource)) }
        if !rule.paths.isEmpty, !rule.resources.isEmpty || !rule.namespaces.isEmpty {
            throw node.error("nonResourceURLs", "rules cannot apply to both regular resources and non-resource URLs")
        }
        for path in rule.paths where path != "*" && !path.hasPrefix("/") || path.dropLast().contains("*") {
            throw node.error("nonResourceURLs", "\(goQuoted(path)) must begin with / and may have * only at its end")
        }
        rule.omitStages = try stages(node)
        rule.omitManagedFields = try node.bool("omitManagedFields")
        return rule
    }

    private static func resources(_ node: ConfigurationNode) throws(ConfigurationFileError) -> Resources {
        try node.allow("group", "resources", "resourceNames")
        let resources = Resources(
            group: try node.string("group"), resources: try node.strings("resources"), names: try node.strings("resourceNames"))
        if !resources.names.isEmpty, resources.resources.isEmpty {
            throw node.error("resourceNames", "using resourceNames requires at least one resource")
        }
        return resources
    }

    private static func stages(_ node: ConfigurationNode) throws(ConfigurationFileError) -> Set<AuditStage> {
        var stages: Set<AuditStage> = []
        for text in try node.strings("omitStages") {
            guard let stage = AuditStage(rawValue: text) else { throw node.error("omitStages", "\(goQuoted(text)) is not a stage") }
            stages.insert(stage)
        }
        return stages
    }
}

extension AuditPolicy.Rule {
    func fits(_ attributes: AuthorizationAttributes) -> Bool {
        if !users.isEmpty, !users.contains(attributes.user.name) { return false }
        if !groups.isEmpty, !groups.contains(where: { attributes.user.groups.contains($0) }) { return false }
        if !verbs.isEmpty, !verbs.contains(attributes.verb) { return false }
        if resources.isEmpty, namespaces.isEmpty {
            if paths.isEmpty { return true }
            return !attributes.isResourceRequest && paths.contains { PolicyRule.url($0, covers: attributes.path) }
        }
        guard attributes.isResourceRequest else { return false }
        if !namespaces.isEmpty, !namespaces.contains(attributes.namespace) { return false }
        return resources.isEmpty || resources.contains { $0.fits(attributes) }
    }
}

extension AuditPolicy.Resources {
    func fits(_ attributes: AuthorizationAttributes) -> Bool {
        guard group == attributes.apiGroup else { return false }
        if resources.isEmpty { return true }
        if !names.isEmpty, !names.contains(attributes.name) { return false }
        let whole = attributes.subresource.isEmpty ? attributes.resource : "\(attributes.resource)/\(attributes.subresource)"
        return resources.contains { rule in
            if rule == "*" || rule == whole { return true }
            if rule.hasPrefix("*/") { return !attributes.subresource.isEmpty && rule.dropFirst(2) == attributes.subresource }
            return rule.hasSuffix("/*") && rule.dropLast(2) == attributes.resource
        }
    }
}
