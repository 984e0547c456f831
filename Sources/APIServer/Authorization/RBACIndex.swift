import JSON

/// All roles and bindings, resolved and sorted by who they speak of. Never changes once made.
final class RBACIndex: Sendable {
    /// One binding as its subjects meet it.
    struct Grant: Sendable {
        let rules: [PolicyRule]
        /// Such as `ClusterRoleBinding "b" of ClusterRole "r"`.
        let origin: String
        /// Not empty when the role does not exist.
        let problem: String
    }

    fileprivate struct Subjects: Sendable {
        var users: [String: [Grant]] = [:]
        var groups: [String: [Grant]] = [:]
    }

    private let cluster: Subjects
    private let namespaces: [String: Subjects]
    private let clusterRules: [String: [PolicyRule]]
    /// By namespace and name, with a slash between them.
    private let roleRules: [String: [PolicyRule]]

    init(clusterRoles: [JSONValue], roles: [JSONValue], clusterRoleBindings: [JSONValue], roleBindings: [JSONValue]) {
        let clusterRules = Self.clusterRules(clusterRoles)
        var roleRules: [String: [PolicyRule]] = [:]
        for role in roles {
            roleRules["\(namespace(role))/\(name(role))"] = readRules(role)
        }
        func grant(_ binding: JSONValue, kind: String, namespace: String) -> Grant {
            let roleKind = binding["roleRef"]?["kind"]?.stringValue ?? ""
            let roleName = binding["roleRef"]?["name"]?.stringValue ?? ""
            let bindingName = namespace.isEmpty ? name(binding) : "\(name(binding))/\(namespace)"
            let origin = "\(kind) \(goQuoted(bindingName)) of \(roleKind) \(goQuoted(roleName))"
            let found = roleKind == "ClusterRole" ? clusterRules[roleName] : roleRules["\(namespace)/\(roleName)"]
            let resource = roleKind == "ClusterRole" ? "clusterrole" : "role"
            return Grant(
                rules: found ?? [], origin: origin,
                problem: found == nil ? "\(resource).rbac.authorization.k8s.io \(goQuoted(roleName)) not found" : "")
        }
        var cluster = Subjects()
        for binding in clusterRoleBindings {
            cluster.add(grant(binding, kind: "ClusterRoleBinding", namespace: ""), to: binding["subjects"], bindingNamespace: "")
        }
        var namespaces: [String: Subjects] = [:]
        for binding in roleBindings {
            let place = namespace(binding)
            let entry = grant(binding, kind: "RoleBinding", namespace: place)
            namespaces[place, default: Subjects()].add(entry, to: binding["subjects"], bindingNamespace: place)
        }
        self.cluster = cluster
        self.namespaces = namespaces
        self.clusterRules = clusterRules
        self.roleRules = roleRules
    }

    /// The rules of a ClusterRole (no namespace) or Role; nil if there is no such role.
    func rules(ofRole name: String, namespace: String?) -> [PolicyRule]? {
        namespace.map { roleRules["\($0)/\(name)"] } ?? clusterRules[name]
    }

    /// Hands over what speaks of `user`, cluster-wide first, until `body` returns true.
    func visit(_ user: UserInfo, namespace: String, _ body: (Grant, _ subject: () -> String) -> Bool) {
        if visit(cluster, user, body) || namespace.isEmpty { return }
        guard let local = namespaces[namespace] else { return }
        _ = visit(local, user, body)
    }

    private func visit(_ subjects: Subjects, _ user: UserInfo, _ body: (Grant, () -> String) -> Bool) -> Bool {
        if let grants = subjects.users[user.name] {
            for grant in grants where body(grant, { Self.describe(user: user.name) }) { return true }
        }
        for group in user.groups {
            guard let grants = subjects.groups[group] else { continue }
            for grant in grants where body(grant, { "Group \(goQuoted(group))" }) { return true }
        }
        return false
    }

    private static func describe(user: String) -> String {
        let parts = user.split(separator: ":", omittingEmptySubsequences: false)
        if parts.count == 4, user.hasPrefix("system:serviceaccount:") { return "ServiceAccount \(goQuoted("\(parts[3])/\(parts[2])"))" }
        return "User \(goQuoted(user))"
    }

    /// The rules of each cluster role. A role with an aggregation rule also has the rules of all roles that its selectors choose, so that it is
    /// whole even before a controller has written them into the object.
    private static func clusterRules(_ roles: [JSONValue]) -> [String: [PolicyRule]] {
        var labelled: [(labels: JSONValue?, name: String)] = []
        var own: [String: [PolicyRule]] = [:]
        var selectors: [String: [JSONValue]] = [:]
        for role in roles {
            let roleName = name(role)
            own[roleName] = readRules(role)
            labelled.append((role["metadata"]?["labels"], roleName))
            if let list = role["aggregationRule"]?["clusterRoleSelectors"]?.arrayValue { selectors[roleName] = list }
        }
        var result = own
        for roleName in selectors.keys {
            var seen: Set<String> = [roleName]
            var open = [roleName]
            var all = own[roleName] ?? []
            while let next = open.popLast() {
                for selector in selectors[next] ?? [] {
                    for (labels, candidate) in labelled where matches(selector, labels) && seen.insert(candidate).inserted {
                        for rule in own[candidate] ?? [] where !all.contains(rule) { all.append(rule) }
                        open.append(candidate)
                    }
                }
            }
            result[roleName] = all
        }
        return result
    }

    /// Whether a label selector (meta/v1) chooses an object with these labels. An empty one chooses nothing here.
    private static func matches(_ selector: JSONValue, _ labels: JSONValue?) -> Bool {
        let wanted = selector["matchLabels"]?.objectValue ?? JSONObject()
        let expressions = selector["matchExpressions"]?.arrayValue ?? []
        if wanted.isEmpty && expressions.isEmpty { return false }
        for (key, value) in wanted where labels?[key]?.stringValue != value.stringValue { return false }
        for expression in expressions {
            guard let key = expression["key"]?.stringValue else { return false }
            let value = labels?[key]?.stringValue
            let values = expression["values"]?.arrayValue?.compactMap(\.stringValue) ?? []
            let holds =
                switch expression["operator"]?.stringValue {
                case "In": value.map { values.contains($0) } ?? false
                case "NotIn": value.map { !values.contains($0) } ?? true
                case "Exists": value != nil
                case "DoesNotExist": value == nil
                default: false
                }
            if !holds { return false }
        }
        return true
    }
}

extension RBACIndex.Subjects {
    fileprivate mutating func add(_ grant: RBACIndex.Grant, to subjects: JSONValue?, bindingNamespace: String) {
        for subject in subjects?.arrayValue ?? [] {
            guard let subjectName = subject["name"]?.stringValue else { continue }
            switch subject["kind"]?.stringValue {
            case "User": users[subjectName, default: []].append(grant)
            case "Group": groups[subjectName, default: []].append(grant)
            case "ServiceAccount":
                let place = subject["namespace"]?.stringValue ?? bindingNamespace
                if !place.isEmpty { users["system:serviceaccount:\(place):\(subjectName)", default: []].append(grant) }
            default: break
            }
        }
    }
}

private func name(_ object: JSONValue) -> String { object["metadata"]?["name"]?.stringValue ?? "" }

private func namespace(_ object: JSONValue) -> String { object["metadata"]?["namespace"]?.stringValue ?? "" }

private func readRules(_ object: JSONValue) -> [PolicyRule] { object["rules"]?.arrayValue?.map { PolicyRule(json: $0) } ?? [] }
