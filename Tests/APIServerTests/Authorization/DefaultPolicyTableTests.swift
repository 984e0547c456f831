import JSON
import Testing

@testable import APIServer

/// The default policy, with the Node authorizer before it, against `defaultPolicyTable`.
@Suite struct DefaultPolicyTableTests {
    private struct Row {
        let line: Int
        let expected: Bool
        let request: AuthorizationAttributes
    }

    @Test func everyRowIsAnsweredAsUpstreamDoes() throws {
        let (rows, bindings) = try Self.rows(of: defaultPolicyTable)
        let authorizer = UnionAuthorizer([
            NodeAuthorizer(uses: Self.uses), RBACAuthorizer(source: FakeRBACSource(DefaultPolicy.shared.objects + bindings)),
        ])
        for row in rows {
            let decision = authorizer.authorize(row.request)
            let request = row.request
            #expect(
                decision.isAllowed == row.expected,
                "line \(row.line): \(request.user.name) \(request.verb) \(request.path)\(request.resource)/\(request.subresource) \(request.name)")
        }
        #expect(rows.count > 1300)
        #expect(rows.count { $0.expected } > 500 && rows.count { !$0.expected } > 500)
    }

    /// Each role of the policy is spoken of, by a binding of the policy or of the table.
    @Test func everyRoleIsInTheTable() throws {
        let (_, bindings) = try Self.rows(of: defaultPolicyTable)
        let bound = Set(bindings.map { $0.object.text("roleRef", "name") })
        let policy = DefaultPolicy.shared
        let bindingNames = Set(policy.clusterRoleBindings.filter { !$0.subjects.isEmpty }.map(\.role))
        for role in policy.clusterRoles where !role.name.hasPrefix("system:controller:") && !role.name.hasPrefix("system:aggregate-to-") {
            #expect(bound.contains(role.name) || bindingNames.contains(role.name) || role.name == "system:node", "\(role.name)")
        }
    }

    // MARK: Reading

    private struct Unreadable: Error { let line: Int }

    private static func rows(of table: String) throws -> (rows: [Row], bindings: [(kind: RBACKind, object: JSONValue)]) {
        var rows: [Row] = []
        var bindings: [(kind: RBACKind, object: JSONValue)] = []
        var user = UserInfo.anonymous
        for (index, line) in table.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let words = line.split(separator: " ").map(String.init)
            guard let first = words.first, first != "#" else { continue }
            if line.hasPrefix(" ") {
                guard words.count > 3, ["yes", "no"].contains(first) else { throw Unreadable(line: index + 1) }
                for verb in verbs(words[1]) {
                    for target in words[3...] {
                        let request = attributes(user, verb, words[2] == "-" ? "" : words[2], target)
                        rows.append(Row(line: index + 1, expected: first == "yes", request: request))
                    }
                }
                continue
            }
            guard words.count > 1, ["user", "account"].contains(first) else { throw Unreadable(line: index + 1) }
            let split = words.firstIndex(of: "with") ?? words.count
            user = self.user(first, words[1], groups: Array(words[2..<split]))
            if split < words.count { bindings.append(binding(user, Array(words[(split + 1)...]))) }
        }
        return (rows, bindings)
    }

    private static func user(_ kind: String, _ name: String, groups: [String]) -> UserInfo {
        if kind == "account" {
            let parts = name.split(separator: "/").map(String.init)
            return .serviceAccount(namespace: parts[0], name: parts[1])
        }
        return name == UserInfo.anonymous.name ? .anonymous : UserInfo(name: name, groups: groups + [UserInfo.authenticatedGroup])
    }

    private static func verbs(_ text: String) -> [String] {
        text.split(separator: ",").flatMap { verb -> [String] in
            switch verb {
            case "read": ["get", "list", "watch"]
            case "write": ["create", "update", "patch", "delete", "deletecollection"]
            default: [String(verb)]
            }
        }
    }

    private static func attributes(_ user: UserInfo, _ verb: String, _ namespace: String, _ target: String) -> AuthorizationAttributes {
        if target.hasPrefix("/") { return AuthorizationAttributes(user: user, verb: verb, isResourceRequest: false, path: target) }
        let named = target.split(separator: "=", maxSplits: 1).map(String.init)
        let parts = named[0].split(separator: "/").map(String.init)
        let group = parts[0].split(separator: ".", maxSplits: 1).map(String.init)
        return AuthorizationAttributes(
            user: user, verb: verb, apiGroup: group.count > 1 ? group[1] : "", apiVersion: "v1", resource: group[0],
            subresource: parts.count > 1 ? parts[1] : "", namespace: namespace, name: named.count > 1 ? named[1] : "")
    }

    private static func binding(_ user: UserInfo, _ words: [String]) -> (kind: RBACKind, object: JSONValue) {
        let roleRef: JSONValue = ["kind": "ClusterRole", "name": .string(words[0])]
        let subjects: JSONValue = [["kind": "User", "name": .string(user.name)]]
        guard words.count == 3 else {
            return (.clusterRoleBinding, ["metadata": ["name": .string(user.name)], "roleRef": roleRef, "subjects": subjects])
        }
        let metadata: JSONValue = ["name": .string(user.name), "namespace": .string(words[2])]
        return (.roleBinding, ["metadata": metadata, "roleRef": roleRef, "subjects": subjects])
    }

    private static let pods: [JSONValue] = [
        [
            "metadata": ["name": "p1", "namespace": "dev"],
            "spec": [
                "nodeName": "n1", "serviceAccountName": "robot",
                "volumes": [["name": "a", "secret": ["secretName": "vol"]], ["name": "b", "configMap": ["name": "conf"]]],
            ],
        ],
        ["metadata": ["name": "p2", "namespace": "dev"], "spec": ["nodeName": "n2", "serviceAccountName": "default"]],
    ]

    private static var uses: NodeUses {
        NodeUses(
            pods: { node in pods.filter { $0.text("spec", "nodeName") == node } },
            lookup: { _, resource, _, name in resource == "pods" ? pods.first { $0.text("metadata", "name") == name } : nil })
    }
}
