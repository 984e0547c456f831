import JSON
import NIOHTTP1
import PKI
import Testing

@testable import APIServer

extension Attacks {
    /// Somebody who may do a little tries to do more.
    @Suite struct RightsAttackTests {
        private static let rbac = "/apis/rbac.authorization.k8s.io/v1"
        private static let mergePatch: HTTPHeaders = ["Content-Type": "application/merge-patch+json"]

        /// A ClusterRole with these rules and a binding to `user`, in a namespace or everywhere.
        private func grant(_ whole: WholeServer, _ name: String, _ rules: JSONValue, to user: String, in namespace: String? = nil) async throws {
            let admin = WholeServer.admin
            let role = try await whole.call(.POST, "\(Self.rbac)/clusterroles", ["metadata": ["name": .string(name)], "rules": rules], user: admin)
            #expect(role.status == 201, "\(role.text)")
            try await bind(whole, name, to: user, in: namespace)
        }

        private func bind(_ whole: WholeServer, _ role: String, to user: String, in namespace: String? = nil) async throws {
            let path = namespace.map { "\(Self.rbac)/namespaces/\($0)/rolebindings" } ?? "\(Self.rbac)/clusterrolebindings"
            let reply = try await whole.call(.POST, path, Self.binding("\(role)-\(user)", role, user), user: WholeServer.admin)
            #expect(reply.status == 201, "\(reply.text)")
        }

        private static func binding(_ name: String, _ role: String, _ user: String) -> JSONValue {
            [
                "metadata": ["name": .string(name)],
                "roleRef": ["apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": .string(role)],
                "subjects": [["apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": .string(user)]],
            ]
        }

        @Test func nobodyGivesThemselvesMore() async throws {
            try await WholeServer.with { whole in
                let ana = WholeServer.ana
                // May write every role and binding, and read pods: that is all.
                try await grant(
                    whole, "role-writer",
                    [
                        [
                            "verbs": ["get", "create", "update", "patch", "delete"], "apiGroups": ["rbac.authorization.k8s.io"],
                            "resources": ["roles", "rolebindings", "clusterroles", "clusterrolebindings"],
                        ],
                        ["verbs": ["get"], "apiGroups": [""], "resources": ["pods"]],
                    ], to: "ana")
                let roles = "\(Self.rbac)/clusterroles"
                let everything: JSONValue = [["verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]]]
                let pods: JSONValue = [["verbs": ["get"], "apiGroups": [""], "resources": ["pods"]]]
                let own = try await whole.settled(403) {
                    try await whole.call(.POST, roles, ["metadata": ["name": "own"], "rules": pods], user: ana)
                }
                #expect(own.status == 201, "what one holds oneself may be given on: \(own.text)")

                let table: [(HTTPMethod, String, JSONValue)] = [
                    (.POST, roles, ["metadata": ["name": "more"], "rules": everything]),
                    (.PATCH, "\(roles)/own", ["rules": everything]),
                    (.PUT, "\(roles)/own", ["metadata": ["name": "own"], "rules": everything]),
                    (.PATCH, "\(roles)/role-writer", ["rules": [["verbs": ["get"], "apiGroups": [""], "resources": ["secrets"]]]]),
                    (.PATCH, "\(roles)/own", ["rules": [["verbs": ["get"], "nonResourceURLs": ["/metrics"]]]]),
                    (
                        .PATCH, "\(roles)/own",
                        ["rules": [["verbs": ["escalate"], "apiGroups": ["rbac.authorization.k8s.io"], "resources": ["clusterroles"]]]]
                    ),
                    (.PATCH, "\(roles)/own", ["rules": [["verbs": ["get"], "apiGroups": [""], "resources": ["pods/exec"]]]]),
                    // What a role gathers is given, too.
                    (
                        .POST, roles,
                        [
                            "metadata": ["name": "gathers"], "rules": [],
                            "aggregationRule": ["clusterRoleSelectors": [["matchLabels": ["kubernetes.io/bootstrapping": "rbac-defaults"]]]],
                        ]
                    ),
                    (.POST, "\(Self.rbac)/clusterrolebindings", Self.binding("c", "cluster-admin", "ana")),
                    (.POST, "\(Self.rbac)/namespaces/kube-system/rolebindings", Self.binding("c", "edit", "ana")),
                    (
                        .PATCH, "\(Self.rbac)/clusterrolebindings/cluster-admin",
                        ["subjects": [["kind": "User", "name": "ana", "apiGroup": "rbac.authorization.k8s.io"]]]
                    ),
                    (
                        .POST, "\(Self.rbac)/namespaces/default/roles",
                        ["metadata": ["name": "r"], "rules": [["verbs": ["get"], "apiGroups": [""], "resources": ["secrets"]]]]
                    ),
                ]
                for (method, path, body) in table {
                    let reply = try await whole.call(method, path, body, user: ana, headers: method == .PATCH ? Self.mergePatch : [:])
                    #expect(reply.status == 403, "\(method) \(path) \(body): \(reply.text)")
                }
                // The right to bind one role is the right to bind that one.
                try await grant(
                    whole, "binder",
                    [["verbs": ["bind"], "apiGroups": ["rbac.authorization.k8s.io"], "resources": ["clusterroles"], "resourceNames": ["view"]]],
                    to: "ana"
                )
                let bound = try await whole.settled(403) {
                    try await whole.call(.POST, "\(Self.rbac)/clusterrolebindings", Self.binding("v", "view", "ana"), user: ana)
                }
                #expect(bound.status == 201, "\(bound.text)")
                #expect(try await whole.call(.POST, "\(Self.rbac)/clusterrolebindings", Self.binding("e", "edit", "ana"), user: ana).status == 403)
                #expect(try await whole.call(.GET, "/api/v1/namespaces/default/secrets", user: ana).status == 403)
            }
        }

        @Test func nobodyIsAnybodyElseUnasked() async throws {
            try await WholeServer.with { whole in
                let ana = WholeServer.ana
                func asks(_ headers: HTTPHeaders) async throws -> Int {
                    try await whole.call(.GET, "/api/v1/namespaces/kube-system/secrets", user: ana, headers: headers).status
                }
                try await grant(
                    whole, "as-bob", [["verbs": ["impersonate"], "apiGroups": [""], "resources": ["users"], "resourceNames": ["bob", "root"]]],
                    to: "ana")
                let bob: HTTPHeaders = ["Impersonate-User": "bob"]
                let version = try await whole.settled(403) { try await whole.call(.GET, "/version", user: ana, headers: bob) }
                #expect(version.status == 200)
                let table: [HTTPHeaders] = [
                    ["Impersonate-User": "system:admin"],
                    ["Impersonate-User": "bob", "Impersonate-Group": "system:masters"],
                    ["Impersonate-User": "root", "Impersonate-Uid": "0"],
                    ["Impersonate-User": "bob", "Impersonate-Extra-Scopes": "all"],
                    ["Impersonate-User": "system:serviceaccount:kube-system:clusterrole-aggregation-controller"],
                    ["Impersonate-User": "system:node:n1", "Impersonate-Group": "system:nodes"],
                    ["impersonate-user": "bob", "IMPERSONATE-GROUP": "system:masters"],
                    // As bob, who may not either.
                    bob,
                ]
                for headers in table { #expect(try await asks(headers) == 403, "\(headers)") }
                // Half of an identity makes no sense.
                for headers in [["Impersonate-Group": "system:masters"], ["Impersonate-Uid": "1"], ["Impersonate-Extra-A": "b"]] as [HTTPHeaders] {
                    #expect(try await asks(headers) >= 400, "\(headers)")
                }
                // An editor of one namespace may be its accounts, and those of no other.
                try await bind(whole, "edit", to: "ana", in: "default")
                let account: HTTPHeaders = ["Impersonate-User": "system:serviceaccount:default:robot"]
                let asAccount = try await whole.settled(403) { try await whole.call(.GET, "/version", user: ana, headers: account) }
                #expect(asAccount.status == 200)
                #expect(try await asks(["Impersonate-User": "system:serviceaccount:kube-system:robot"]) == 403)
                #expect(try await asks(["Impersonate-User": "system:serviceaccount:default:robot", "Impersonate-Group": "system:masters"]) == 403)
            }
        }

        @Test func aKubeletKeepsToWhatItsPodsUse() async throws {
            try await WholeServer.with { whole in
                let admin = WholeServer.admin
                let kubelet = CertificateSpec.client(user: "system:node:n1", groups: ["system:nodes"])
                let core = "/api/v1/namespaces/default"
                for node in ["n1", "n2"] { _ = try await whole.call(.POST, "/api/v1/nodes", ["metadata": ["name": .string(node)]], user: admin) }
                for account in ["default", "other"] {
                    _ = try await whole.call(.POST, "\(core)/serviceaccounts", ["metadata": ["name": .string(account)]], user: admin)
                }
                for secret in ["mine", "theirs"] {
                    _ = try await whole.call(
                        .POST, "\(core)/secrets", ["metadata": ["name": .string(secret)], "stringData": ["a": "b"]], user: admin)
                }
                for (pod, node, secret) in [("p1", "n1", "mine"), ("p2", "n2", "theirs")] {
                    let volumes: JSONValue = [["name": "v", "secret": ["secretName": .string(secret)]]]
                    let spec: JSONValue = ["nodeName": .string(node), "containers": [["name": "c", "image": "i"]], "volumes": volumes]
                    let made = try await whole.call(.POST, "\(core)/pods", ["metadata": ["name": .string(pod)], "spec": spec], user: admin)
                    #expect(made.status == 201, "\(made.text)")
                }
                let mine = try await whole.settled(403) { try await whole.call(.GET, "\(core)/secrets/mine", user: kubelet) }
                #expect(mine.status == 200)
                let label: (String) -> JSONValue = { ["metadata": ["labels": [.init(stringLiteral: $0): "x"]]] }
                let podBody: JSONValue = ["metadata": ["name": "evil"], "spec": ["nodeName": "n1", "containers": [["name": "c", "image": "i"]]]]
                var mirror = podBody
                mirror["metadata"]?["annotations"] = ["kubernetes.io/config.mirror": "x"]
                mirror["spec"]?["volumes"] = [["name": "v", "secret": ["secretName": "theirs"]]]
                let table: [(HTTPMethod, String, JSONValue?)] = [
                    (.GET, "\(core)/secrets/theirs", nil), (.GET, "\(core)/secrets", nil), (.GET, "/api/v1/secrets", nil),
                    (.GET, "\(core)/secrets?fieldSelector=metadata.name%3Dtheirs", nil), (.GET, "\(core)/secrets?watch=1", nil),
                    (.GET, "/api/v1/watch/namespaces/default/secrets/theirs", nil),
                    (.GET, "\(core)/pods/p2", nil), (.GET, "\(core)/pods", nil), (.GET, "/api/v1/pods?fieldSelector=spec.nodeName%3Dn2", nil),
                    (.GET, "/api/v1/nodes/n2", nil), (.GET, "/api/v1/nodes", nil),
                    (.PATCH, "/api/v1/nodes/n2", label("a")), (.PATCH, "/api/v1/nodes/n2/status", label("a")),
                    (.PATCH, "/api/v1/nodes/n1", label("node-restriction.kubernetes.io/x")),
                    (.PATCH, "/api/v1/nodes/n1", label("node-role.kubernetes.io/control-plane")),
                    (.PATCH, "/api/v1/nodes/n1", ["spec": ["taints": [["key": "a", "effect": "NoSchedule"]]]]),
                    (
                        .PATCH, "/api/v1/nodes/n1",
                        ["metadata": ["ownerReferences": [["apiVersion": "v1", "kind": "Node", "name": "n2", "uid": "x"]]]]
                    ),
                    (.DELETE, "/api/v1/nodes/n1", nil), (.DELETE, "/api/v1/nodes/n2", nil),
                    (.POST, "/api/v1/nodes", ["metadata": ["name": "n3"]]),
                    (.DELETE, "\(core)/pods/p2", nil), (.PATCH, "\(core)/pods/p2/status", ["status": ["phase": "Failed"]]),
                    (.PATCH, "\(core)/pods/p1/status", label("a")), (.PATCH, "\(core)/pods/p1", label("a")),
                    (.POST, "\(core)/pods", podBody), (.POST, "\(core)/pods", mirror),
                    (.POST, "\(core)/pods/p2/eviction", ["apiVersion": "policy/v1", "kind": "Eviction", "metadata": ["name": "p2"]]),
                    (.POST, "\(core)/pods/p2/binding", ["target": ["kind": "Node", "name": "n1"]]),
                    (.POST, "\(core)/serviceaccounts/other/token", ["spec": ["expirationSeconds": 600]]),
                    // A token of its pod's account, but bound to nothing: it would live on.
                    (.POST, "\(core)/serviceaccounts/default/token", ["spec": ["expirationSeconds": 600]]),
                    (.GET, "/api/v1/nodes/n1/proxy/pods", nil), (.GET, "/api/v1/nodes/n2/proxy/pods", nil),
                    (.POST, "\(core)/pods/p1/exec?command=id&stdout=1", nil), (.GET, "\(core)/pods/p1/log", nil),
                    (.PATCH, "\(core)/secrets/mine", ["data": ["a": "Yg=="]]), (.DELETE, "\(core)/secrets/mine", nil),
                ]
                for (method, path, body) in table {
                    let reply = try await whole.call(method, path, body, user: kubelet, headers: method == .PATCH ? Self.mergePatch : [:])
                    #expect(reply.status == 403, "\(method) \(path): \(reply.status) \(reply.text.prefix(300))")
                }
            }
        }

        /// Who may look at nodes may not speak to what runs there.
        @Test func nodesProxyNeedsItsOwnRight() async throws {
            try await WholeServer.with { whole in
                _ = try await whole.call(.POST, "/api/v1/nodes", ["metadata": ["name": "n1"]], user: WholeServer.admin)
                try await grant(whole, "looks", [["verbs": ["get", "list"], "apiGroups": [""], "resources": ["nodes", "nodes/status"]]], to: "ana")
                let ana = WholeServer.ana
                let node = try await whole.settled(403) { try await whole.call(.GET, "/api/v1/nodes/n1", user: ana) }
                #expect(node.status == 200)
                for path in ["proxy", "proxy/", "proxy/exec/default/p/c", "proxy/run/default/p/c", "proxy/../status", "proxy/pods"] {
                    for method in [HTTPMethod.GET, .POST] {
                        #expect(try await whole.call(method, "/api/v1/nodes/n1/\(path)", user: ana).status == 403, "\(method) \(path)")
                    }
                }
                #expect(try await whole.call(.GET, "/api/v1/nodes/https:n1:10250/proxy/pods", user: ana).status == 403)
            }
        }
    }
}
