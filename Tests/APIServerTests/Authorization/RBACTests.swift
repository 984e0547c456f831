import JSON
import Synchronization
import Testing

@testable import APIServer

/// Role objects in memory.
final class FakeRBACSource: RBACSource {
    private let state: Mutex<(version: UInt64, objects: [(RBACKind, JSONValue)])>

    init(_ objects: [(kind: RBACKind, object: JSONValue)]) {
        state = Mutex((1, objects.map { ($0.kind, $0.object) }))
    }

    var version: UInt64 { state.withLock { $0.version } }

    func objects(_ kind: RBACKind) -> [JSONValue] {
        state.withLock { $0.objects.filter { $0.0 == kind }.map(\.1) }
    }

    func add(_ kind: RBACKind, _ object: JSONValue) {
        state.withLock {
            $0.objects.append((kind, object))
            $0.version += 1
        }
    }
}

@Suite struct RBACTests {
    private let authenticated = "system:authenticated"

    private func user(_ name: String, _ groups: String...) -> UserInfo {
        UserInfo(name: name, groups: groups + ["system:authenticated"])
    }

    private func may(
        _ authorizer: any Authorizer, _ user: UserInfo, _ verb: String, _ target: String, namespace: String = "", name: String = ""
    ) -> Bool {
        if target.hasPrefix("/") {
            return authorizer.authorize(AuthorizationAttributes(user: user, verb: verb, isResourceRequest: false, path: target)).isAllowed
        }
        let parts = target.split(separator: "/").map(String.init)
        let group = parts[0].split(separator: ".", maxSplits: 1).map(String.init)
        return authorizer.authorize(
            AuthorizationAttributes(
                user: user, verb: verb, apiGroup: group.count > 1 ? group[1] : "", apiVersion: "v1", resource: group[0],
                subresource: parts.count > 1 ? parts[1] : "", namespace: namespace, name: name)
        ).isAllowed
    }

    @Test func defaultPolicy() {
        let source = FakeRBACSource(DefaultPolicy.shared.objects)
        let authorizer = UnionAuthorizer([
            NodeAuthorizer(uses: NodeUses(pods: { _ in [] }, lookup: { _, _, _, _ in nil })), RBACAuthorizer(source: source),
        ])
        let masters = user("root", "system:masters")
        let someone = user("someone")
        let scheduler = user("system:kube-scheduler")
        let node = user("system:node:n1", "system:nodes")
        let table: [(UserInfo, String, String, String, Bool)] = [
            (masters, "delete", "nodes", "", true),
            (masters, "get", "/metrics", "", true),
            (someone, "get", "/version", "", true),
            (someone, "get", "/api/v1", "", true),
            (someone, "get", "/metrics", "", false),
            (someone, "list", "pods", "default", false),
            (someone, "create", "selfsubjectaccessreviews.authorization.k8s.io", "", true),
            (someone, "create", "subjectaccessreviews.authorization.k8s.io", "", false),
            (.anonymous, "get", "/healthz", "", true),
            (.anonymous, "get", "/version", "", true),
            (.anonymous, "get", "/api", "", false),
            (.anonymous, "list", "pods", "", false),
            (scheduler, "create", "pods/binding", "default", true),
            (scheduler, "update", "leases.coordination.k8s.io", "kube-system", true),
            (scheduler, "update", "leases.coordination.k8s.io", "default", false),
            (scheduler, "delete", "nodes", "", false),
            (node, "patch", "nodes/status", "", true),
            (node, "delete", "nodes", "", false),
            (user("system:node:n1"), "patch", "nodes/status", "", false),
            (user("other", "system:nodes"), "patch", "nodes/status", "", false),
            (user("system:kube-proxy"), "watch", "endpointslices.discovery.k8s.io", "", true),
            (user("system:kube-controller-manager"), "create", "pods", "default", false),
            (user("system:kube-controller-manager"), "create", "serviceaccounts/token", "kube-system", true),
            (user("system:kube-controller-manager"), "impersonate", "users", "", false),
        ]
        for (user, verb, target, namespace, allowed) in table {
            #expect(may(authorizer, user, verb, target, namespace: namespace) == allowed, "\(user.name) \(verb) \(target) \(namespace)")
        }
    }

    @Test func bindingsOfANamespaceStayThere() {
        let source = FakeRBACSource(DefaultPolicy.shared.objects)
        let authorizer = RBACAuthorizer(source: source)
        let ana = user("ana")
        let robot = UserInfo.serviceAccount(namespace: "ci", name: "robot")
        #expect(!may(authorizer, ana, "list", "pods", namespace: "dev"))
        source.add(
            .roleBinding,
            [
                "metadata": ["name": "b", "namespace": "dev"], "roleRef": ["kind": "ClusterRole", "name": "edit"],
                "subjects": [
                    ["kind": "User", "name": "ana"], ["kind": "ServiceAccount", "name": "robot", "namespace": "ci"],
                    ["kind": "Group", "name": "devs"],
                ],
            ])
        // What `edit` gathers: its own writes and all of `view`.
        #expect(may(authorizer, ana, "list", "pods", namespace: "dev"))
        #expect(may(authorizer, ana, "create", "deployments.apps", namespace: "dev"))
        #expect(may(authorizer, robot, "delete", "pods", namespace: "dev"))
        #expect(may(authorizer, user("x", "devs"), "get", "pods/log", namespace: "dev"))
        #expect(!may(authorizer, ana, "list", "pods", namespace: "prod"))
        #expect(!may(authorizer, ana, "list", "pods"))
        #expect(!may(authorizer, ana, "create", "roles.rbac.authorization.k8s.io", namespace: "dev"))
        let decision = authorizer.authorize(AuthorizationAttributes(user: ana, verb: "list", resource: "pods", namespace: "dev"))
        #expect(decision.reason == #"RBAC: allowed by RoleBinding "b/dev" of ClusterRole "edit" to User "ana""#)
    }

    @Test func namesPathsAndSubresources() {
        func rule(_ resources: [String], names: [String] = []) -> PolicyRule {
            PolicyRule(verbs: ["get"], apiGroups: [""], resources: resources, resourceNames: names)
        }
        func request(_ resource: String, _ subresource: String = "", name: String = "") -> AuthorizationAttributes {
            AuthorizationAttributes(user: .anonymous, verb: "get", resource: resource, subresource: subresource, name: name)
        }
        #expect(rule(["pods"]).allows(request("pods")))
        #expect(!rule(["pods"]).allows(request("pods", "log")))
        #expect(rule(["pods/log"]).allows(request("pods", "log")))
        #expect(!rule(["pods/log"]).allows(request("pods")))
        #expect(rule(["*/scale"]).allows(request("deployments", "scale")))
        #expect(!rule(["*/scale"]).allows(request("deployments", "status")))
        #expect(rule(["*"]).allows(request("deployments", "status")))
        #expect(rule(["pods"], names: ["a"]).allows(request("pods", name: "a")))
        #expect(!rule(["pods"], names: ["a"]).allows(request("pods", name: "b")))
        #expect(!rule(["pods"], names: ["a"]).allows(request("pods")))
        #expect(PolicyRule.url("/api/*", covers: "/api/v1"))
        #expect(!PolicyRule.url("/api/*", covers: "/apis"))
        #expect(PolicyRule.url("*", covers: "/x"))
        #expect(!PolicyRule.url("/healthz", covers: "/healthz/ping"))
    }

    @Test func refusalsSpeakAsUpstream() {
        let table: [(AuthorizationAttributes, String)] = [
            (
                AuthorizationAttributes(user: user("x"), verb: "list", resource: "pods", namespace: "y"),
                #"pods is forbidden: User "x" cannot list resource "pods" in API group "" in the namespace "y""#
            ),
            (
                AuthorizationAttributes(user: user("x"), verb: "get", apiGroup: "apps", resource: "deployments", subresource: "scale", name: "d"),
                #"deployments.apps "d" is forbidden: User "x" cannot get resource "deployments/scale" in API group "apps" at the cluster scope"#
            ),
            (
                AuthorizationAttributes(user: .anonymous, verb: "get", isResourceRequest: false, path: "/foo"),
                #"forbidden: User "system:anonymous" cannot get path "/foo""#
            ),
        ]
        for (attributes, message) in table { #expect(attributes.forbidden(reason: "").message == message) }
    }

    @Test func aMissingRoleIsNamed() {
        let source = FakeRBACSource([])
        source.add(
            .clusterRoleBinding,
            ["metadata": ["name": "b"], "roleRef": ["kind": "ClusterRole", "name": "gone"], "subjects": [["kind": "User", "name": "ana"]]])
        let decision = RBACAuthorizer(source: source).authorize(AuthorizationAttributes(user: user("ana"), verb: "get", resource: "pods"))
        #expect(decision == .noOpinion(reason: #"RBAC: clusterrole.rbac.authorization.k8s.io "gone" not found"#))
    }

    @Test func reconciliationAddsAndNeverTakesAway() {
        let desired: JSONValue = [
            "metadata": ["name": "r", "labels": ["a": "b"], "annotations": ["rbac.authorization.kubernetes.io/autoupdate": "true"]],
            "rules": [["verbs": ["get"], "apiGroups": [""], "resources": ["pods"]]],
        ]
        #expect(PolicyReconciliation.step(existing: desired, desired: desired) == .keep)
        var changed = desired
        changed["rules"] = [["verbs": ["list"], "apiGroups": [""], "resources": ["nodes"]]]
        changed["metadata"]?["labels"] = nil
        guard case .update(let result) = PolicyReconciliation.step(existing: changed, desired: desired) else {
            Issue.record("a missing rule was not added")
            return
        }
        #expect(result["rules"]?.arrayValue?.count == 2)
        #expect(result["metadata"]?["labels"]?["a"] == "b")
        changed["metadata"]?["annotations"] = ["rbac.authorization.kubernetes.io/autoupdate": "false"]
        #expect(PolicyReconciliation.step(existing: changed, desired: desired) == .keep)
        let binding: JSONValue = ["roleRef": ["kind": "ClusterRole", "name": "x"]]
        #expect(PolicyReconciliation.step(existing: binding, desired: ["roleRef": ["kind": "ClusterRole", "name": "y"]]) == .replace)
    }

    @Test func whatSomebodyHolds() {
        let held = [
            PolicyRule(verbs: ["get", "list"], apiGroups: ["", "apps"], resources: ["pods", "deployments", "*/scale"]),
            PolicyRule(verbs: ["update"], apiGroups: [""], resources: ["configmaps"], resourceNames: ["a"]),
            PolicyRule(verbs: ["get"], nonResourceURLs: ["/healthz/*"]),
        ]
        func missing(_ rule: PolicyRule) -> Int { RuleCover.missing([rule], in: held).count }
        #expect(missing(PolicyRule(verbs: ["get"], apiGroups: [""], resources: ["pods"])) == 0)
        #expect(missing(PolicyRule(verbs: ["get"], apiGroups: ["apps"], resources: ["replicasets/scale"])) == 0)
        #expect(missing(PolicyRule(verbs: ["get", "delete"], apiGroups: [""], resources: ["pods", "nodes"])) == 3)
        #expect(missing(PolicyRule(verbs: ["*"], apiGroups: [""], resources: ["pods"])) == 1)
        #expect(missing(PolicyRule(verbs: ["get"], apiGroups: ["*"], resources: ["pods"])) == 1)
        #expect(missing(PolicyRule(verbs: ["update"], apiGroups: [""], resources: ["configmaps"], resourceNames: ["a"])) == 0)
        #expect(missing(PolicyRule(verbs: ["update"], apiGroups: [""], resources: ["configmaps"], resourceNames: ["b"])) == 1)
        #expect(missing(PolicyRule(verbs: ["update"], apiGroups: [""], resources: ["configmaps"])) == 1)
        #expect(missing(PolicyRule(verbs: ["get"], nonResourceURLs: ["/healthz/ping"])) == 0)
        #expect(missing(PolicyRule(verbs: ["get"], nonResourceURLs: ["/metrics"])) == 1)
    }
}
