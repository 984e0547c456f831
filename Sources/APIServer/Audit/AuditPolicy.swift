package import JSON

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

    /// - Throws: `AuditPolicyError` naming the field.
    package init(_ document: JSONValue) throws(AuditPolicyError) {
        guard document["kind"]?.stringValue == "Policy", document["apiVersion"]?.stringValue == "audit.k8s.io/v1" else {
            throw AuditPolicyError(field: "kind", problem: "must be Policy of audit.k8s.io/v1")
        }
        omitStages = try Self.stages(document["omitStages"], "omitStages")
        omitManagedFields = document["omitManagedFields"]?.boolValue ?? false
        var rules: [Rule] = []
        for (index, json) in document.list("rules").enumerated() { rules.append(try Self.rule(json, "rules[\(index)]")) }
        if rules.isEmpty { throw AuditPolicyError(field: "rules", problem: "must hold at least one rule") }
        self.rules = rules
    }

    /// Reads a policy file, YAML or JSON.
    package init(yaml bytes: [UInt8]) throws(AuditPolicyError) {
        let tree: JSONValue
        do {
            var issues: [String] = []
            tree = try YAMLDocument.tree(bytes, issues: &issues)
        } catch {
            throw AuditPolicyError(field: "", problem: error.message)
        }
        try self.init(tree)
    }

    func verdict(_ attributes: AuthorizationAttributes) -> Verdict {
        for rule in rules where rule.fits(attributes) {
            return Verdict(
                level: rule.level, omitStages: omitStages.union(rule.omitStages), omitManagedFields: rule.omitManagedFields ?? omitManagedFields)
        }
        return Verdict(level: .none, omitStages: [], omitManagedFields: false)
    }

    private static func rule(_ json: JSONValue, _ field: String) throws(AuditPolicyError) -> Rule {
        func texts(_ key: String) -> [String] { json.list(key).compactMap(\.stringValue) }
        guard let level = AuditLevel(rawValue: json.text("level")) else {
            throw AuditPolicyError(field: "\(field).level", problem: "must be None, Metadata, Request or RequestResponse")
        }
        var rule = Rule(level: level)
        rule.users = texts("users")
        rule.groups = texts("userGroups")
        rule.verbs = texts("verbs")
        rule.namespaces = texts("namespaces")
        rule.paths = texts("nonResourceURLs")
        rule.resources = json.list("resources").map {
            Resources(
                group: $0.text("group"), resources: $0.list("resources").compactMap(\.stringValue),
                names: $0.list("resourceNames").compactMap(\.stringValue))
        }
        if !rule.paths.isEmpty, !rule.resources.isEmpty || !rule.namespaces.isEmpty {
            throw AuditPolicyError(field: "\(field).nonResourceURLs", problem: "rules cannot apply to both regular resources and non-resource URLs")
        }
        for path in rule.paths where path != "*" && !path.hasPrefix("/") || path.dropLast().contains("*") {
            throw AuditPolicyError(field: "\(field).nonResourceURLs", problem: "\(goQuoted(path)) must begin with / and may have * only at its end")
        }
        for resource in rule.resources where !resource.names.isEmpty && resource.resources.isEmpty {
            throw AuditPolicyError(field: "\(field).resources", problem: "using resourceNames requires at least one resource")
        }
        rule.omitStages = try stages(json["omitStages"], "\(field).omitStages")
        rule.omitManagedFields = json["omitManagedFields"]?.boolValue
        return rule
    }

    private static func stages(_ json: JSONValue?, _ field: String) throws(AuditPolicyError) -> Set<AuditStage> {
        var stages: Set<AuditStage> = []
        for text in json?.arrayValue?.compactMap(\.stringValue) ?? [] {
            guard let stage = AuditStage(rawValue: text) else { throw AuditPolicyError(field: field, problem: "\(goQuoted(text)) is not a stage") }
            stages.insert(stage)
        }
        return stages
    }
}

/// A policy that cannot be used, and where the reason is.
package struct AuditPolicyError: Error, CustomStringConvertible {
    package var field: String
    package var problem: String
    package var description: String { field.isEmpty ? "audit policy: \(problem)" : "audit policy: \(field): \(problem)" }
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
