package import JSON
import KubernetesAPI

/// The roles and bindings that a cluster starts with, as objects.
package struct DefaultPolicy: Sendable {
    package struct Role: Sendable {
        package var name: String
        /// Empty for a ClusterRole.
        package var namespace: String
        package var labels: [String]
        package var rules: [PolicyRule] = []
        /// Labels of the roles that this one gathers.
        package var aggregates: [String] = []
    }

    package struct Binding: Sendable {
        package var name: String
        /// Empty for a ClusterRoleBinding.
        package var namespace: String
        package var role: String
        package var subjects: [JSONValue]
    }

    package static let shared = DefaultPolicy(text: defaultPolicyText + "\n" + controllerPolicyText)

    /// The policy of a server of these resources: who works on what is not always served gets rights where it is.
    static func serving(_ catalog: ResourceCatalog) -> DefaultPolicy {
        guard catalog.resources.contains(where: { $0.type.plural == "podcertificaterequests" }) else { return shared }
        return DefaultPolicy(text: defaultPolicyText + "\n" + controllerPolicyText + "\n" + podCertificatePolicyText)
    }

    package private(set) var clusterRoles: [Role] = []
    package private(set) var roles: [Role] = []
    package private(set) var clusterRoleBindings: [Binding] = []
    package private(set) var roleBindings: [Binding] = []

    /// Reads the table; see `defaultPolicyText` for its form.
    init(text: String) {
        var role: Role?
        func keep(_ policy: inout DefaultPolicy) {
            if let role { if role.namespace.isEmpty { policy.clusterRoles.append(role) } else { policy.roles.append(role) } }
            role = nil
        }
        for line in text.split(separator: "\n") {
            if line.hasPrefix(" ") {
                Self.readRule(line, into: &role)
                continue
            }
            keep(&self)
            let words = line.split(separator: " ")
            switch words.first {
            case "clusterrole":
                role = Role(name: String(words[1]), namespace: "", labels: words.dropFirst(2).map(String.init))
            case "controller":
                let name = "system:controller:\(words[1])"
                role = Role(name: name, namespace: "", labels: [])
                clusterRoleBindings.append(
                    Binding(name: name, namespace: "", role: name, subjects: Self.subjects("= sa:kube-system/\(words[1])")))
            case "role":
                let (namespace, name) = Self.place(words[1])
                role = Role(name: name, namespace: namespace, labels: [])
            case "bind":
                let name = String(words[1])
                clusterRoleBindings.append(Binding(name: name, namespace: "", role: name, subjects: Self.subjects(line)))
            case "rolebind":
                let (namespace, name) = Self.place(words[1])
                let target = words[2] == "=" ? name : String(words[2])
                roleBindings.append(Binding(name: name, namespace: namespace, role: target, subjects: Self.subjects(line)))
            default:
                break
            }
        }
        keep(&self)
    }

    private static func readRule(_ line: Substring, into role: inout Role?) {
        let fields = line.split(separator: "|").map { $0.split(separator: " ").map(String.init) }
        guard let first = fields.first else { return }
        if first.first == "aggregate" {
            role?.aggregates += first.dropFirst()
            return
        }
        if first == ["events"] {
            role?.rules.append(PolicyRule(verbs: ["create", "patch", "update"], apiGroups: ["", "events.k8s.io"], resources: ["events"]))
            return
        }
        guard fields.count >= 3 else { return }
        let verbs = fields[2].flatMap { verb -> [String] in
            switch verb {
            case "read": ["get", "list", "watch"]
            case "write": ["create", "delete", "deletecollection", "patch", "update"]
            default: [verb]
            }
        }
        if first == ["url"] {
            role?.rules.append(PolicyRule(verbs: verbs, nonResourceURLs: fields[1]))
        } else {
            role?.rules.append(
                PolicyRule(
                    verbs: verbs, apiGroups: first.map { $0 == "core" ? "" : $0 }, resources: fields[1],
                    resourceNames: fields.count > 3 ? fields[3] : []))
        }
    }

    private static func place(_ word: Substring) -> (namespace: String, name: String) {
        let parts = word.split(separator: "/", maxSplits: 1)
        return (String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
    }

    private static func subjects(_ line: Substring) -> [JSONValue] {
        guard let equals = line.firstIndex(of: "=") else { return [] }
        return line[line.index(after: equals)...].split(separator: ",").compactMap { word in
            let word = word.drop { $0 == " " }
            if word.hasPrefix("sa:") {
                let (namespace, name) = place(word.dropFirst(3))
                return ["kind": "ServiceAccount", "name": .string(name), "namespace": .string(namespace)]
            }
            let kind: JSONValue = word.hasPrefix("user:") ? "User" : "Group"
            guard let colon = word.firstIndex(of: ":") else { return nil }
            let name = String(word[word.index(after: colon)...])
            return ["kind": kind, "apiGroup": .string(RBACKind.group), "name": .string(name)]
        }
    }
}

extension DefaultPolicy {
    /// Every object, roles before bindings. Namespaces are not among them.
    package var objects: [(kind: RBACKind, object: JSONValue)] {
        clusterRoles.map { (.clusterRole, $0.object) } + roles.map { (.role, $0.object) }
            + clusterRoleBindings.map { (.clusterRoleBinding, $0.object) }
            + roleBindings.map { (.roleBinding, $0.object) }
    }

    fileprivate static func metadata(_ name: String, _ namespace: String, labels: [String] = []) -> JSONValue {
        var labelObject: JSONValue = ["kubernetes.io/bootstrapping": "rbac-defaults"]
        for label in labels { labelObject[label] = "true" }
        var metadata: JSONValue = [
            "name": .string(name), "annotations": ["rbac.authorization.kubernetes.io/autoupdate": "true"], "labels": labelObject,
        ]
        if !namespace.isEmpty { metadata["namespace"] = .string(namespace) }
        return metadata
    }
}

extension DefaultPolicy.Role {
    fileprivate var object: JSONValue {
        var object: JSONValue = [
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": namespace.isEmpty ? "ClusterRole" : "Role",
            "metadata": DefaultPolicy.metadata(name, namespace, labels: labels), "rules": .array(rules.map(\.json)),
        ]
        if !aggregates.isEmpty {
            object["aggregationRule"] = [
                "clusterRoleSelectors": .array(aggregates.map { ["matchLabels": .object([$0: "true"])] })
            ]
        }
        return object
    }
}

extension DefaultPolicy.Binding {
    fileprivate var object: JSONValue {
        var object: JSONValue = [
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": namespace.isEmpty ? "ClusterRoleBinding" : "RoleBinding",
            "metadata": DefaultPolicy.metadata(name, namespace),
            "roleRef": [
                "apiGroup": .string(RBACKind.group), "kind": namespace.isEmpty ? "ClusterRole" : "Role", "name": .string(role),
            ],
        ]
        if !subjects.isEmpty { object["subjects"] = .array(subjects) }
        return object
    }
}
