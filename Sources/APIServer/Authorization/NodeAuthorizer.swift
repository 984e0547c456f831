import JSON

/// The rights of kubelets: a user `system:node:<name>` in the group `system:nodes` may do what kubelets do, and read of secrets, configuration,
/// volumes, claims and tokens only what pods on its own node use.
package struct NodeAuthorizer: Authorizer {
    private let rules: [PolicyRule]
    private let uses: NodeUses

    /// - Parameter uses: what the pods of a node refer to.
    package init(uses: NodeUses) {
        rules = DefaultPolicy.shared.clusterRoles.first { $0.name == "system:node" }?.rules ?? []
        self.uses = uses
    }

    package func authorize(_ attributes: AuthorizationAttributes) -> AuthorizationDecision {
        guard let node = Self.nodeName(of: attributes.user) else { return .noOpinion(reason: "") }
        if attributes.isResourceRequest, let decision = narrow(attributes, node) { return decision }
        for rule in rules where rule.allows(attributes) { return .allow(reason: "") }
        return .noOpinion(reason: "")
    }

    package func rules(for user: UserInfo, namespace: String) -> [PolicyRule] {
        Self.isNode(user) ? rules : []
    }

    package static func isNode(_ user: UserInfo) -> Bool { nodeName(of: user) != nil }

    /// Nil for a user that is no kubelet.
    package static func nodeName(of user: UserInfo) -> String? {
        let prefix = "system:node:"
        guard user.name.hasPrefix(prefix), user.name.utf8.count > prefix.utf8.count, user.groups.contains(UserInfo.nodesGroup) else { return nil }
        return String(user.name.dropFirst(prefix.utf8.count))
    }

    /// The decision on a resource of which a kubelet may not have all; nil where the rules decide.
    private func narrow(_ request: AuthorizationAttributes, _ node: String) -> AuthorizationDecision? {
        switch (request.apiGroup, request.resource) {
        case ("", "secrets"): return read(request, node, namespaced: true) { uses.secret($0, $1, on: node) }
        case ("", "configmaps"): return read(request, node, namespaced: true) { uses.configMap($0, $1, on: node) }
        case ("", "persistentvolumeclaims"):
            if request.subresource == "status" {
                return use(request, node, "status", verbs: ["update", "patch"]) { uses.volumeClaim($0, $1, on: node) }
            }
            return use(request, node, verbs: ["get"]) { uses.volumeClaim($0, $1, on: node) }
        case ("", "persistentvolumes"): return use(request, node, verbs: ["get"]) { _, name in uses.volume(name, on: node) }
        case ("resource.k8s.io", "resourceclaims"): return use(request, node, verbs: ["get"]) { uses.resourceClaim($0, $1, on: node) }
        case ("storage.k8s.io", "volumeattachments"): return use(request, node, verbs: ["get"]) { _, name in uses.attachment(name, on: node) }
        case ("", "serviceaccounts"):
            if request.subresource == "token" { return use(request, node, "token", verbs: ["create"]) { uses.serviceAccount($0, $1, on: node) } }
            return use(request, node, verbs: ["get"]) { uses.serviceAccount($0, $1, on: node) }
        case ("coordination.k8s.io", "leases"):
            guard ["get", "create", "update", "patch", "delete"].contains(request.verb), request.subresource.isEmpty else {
                return refuse("can only get, create, update, patch, or delete a node lease")
            }
            guard request.namespace == "kube-node-lease" else { return refuse("can only access leases in the \"kube-node-lease\" system namespace") }
            // The name of a new one stands in the body: admission looks there.
            if request.verb != "create", request.name != node {
                return refuse("can only access node lease with the same name as the requesting node")
            }
            return .allow(reason: "")
        case ("storage.k8s.io", "csinodes"):
            guard ["get", "create", "update", "patch", "delete"].contains(request.verb), request.subresource.isEmpty else {
                return refuse("can only get, create, update, patch, or delete a CSINode")
            }
            if request.verb != "create", request.name != node { return refuse("can only access CSINode with the same name as the requesting node") }
            return .allow(reason: "")
        case ("certificates.k8s.io", "podcertificaterequests"): return podCertificateRequests(request, node)
        case ("", "nodes"): return ownNode(request, node)
        case ("", "pods"): return ownPods(request, node)
        default: return nil
        }
    }

    /// Reading one object by name, also as a list or watch of that one.
    private func read(
        _ request: AuthorizationAttributes, _ node: String, namespaced: Bool, _ isUsed: (String, String) -> Bool
    ) -> AuthorizationDecision {
        guard ["get", "list", "watch"].contains(request.verb) else { return refuse("can only read resources of this type") }
        if namespaced, request.namespace.isEmpty { return refuse("can only read namespaced object of this type") }
        return use(request, node, verbs: ["get", "list", "watch"], isUsed)
    }

    private func use(
        _ request: AuthorizationAttributes, _ node: String, _ subresource: String = "", verbs: [String],
        _ isUsed: (_ namespace: String, _ name: String) -> Bool
    ) -> AuthorizationDecision {
        guard verbs.contains(request.verb) else { return refuse("can only \(verbs.joined(separator: ", ")) individual resources of this type") }
        if request.subresource != subresource { return refuse("cannot read subresource") }
        guard !request.name.isEmpty else { return refuse("No Object name found") }
        if isUsed(request.namespace, request.name) { return .allow(reason: "") }
        return refuse("no relationship found between node '\(node)' and this object")
    }

    private func ownNode(_ request: AuthorizationAttributes, _ node: String) -> AuthorizationDecision? {
        guard request.subresource.isEmpty else { return nil }
        switch request.verb {
        case "get", "list", "watch":
            if request.name == node { return .allow(reason: "") }
            return refuse(
                request.name.isEmpty
                    ? "node '\(node)' cannot read all nodes, only its own Node object"
                    : "node '\(node)' cannot read '\(request.name)', only its own Node object")
        default: return nil
        }
    }

    private func ownPods(_ request: AuthorizationAttributes, _ node: String) -> AuthorizationDecision? {
        guard request.subresource.isEmpty else { return nil }
        switch request.verb {
        case "get":
            if uses.pod(request.namespace, request.name, on: node) { return .allow(reason: "") }
            return refuse("no relationship found between node '\(node)' and this object")
        case "list", "watch":
            if request.selects("spec.nodeName", node) { return .allow(reason: "") }
            // A single pod by its name is what an older kubelet asks for.
            if !request.name.isEmpty, uses.pod(request.namespace, request.name, on: node) { return .allow(reason: "") }
            return refuse("can only list/watch pods with spec.nodeName field selector")
        default: return nil
        }
    }

    /// The role of kubelets does not speak of them, for they are not always served. Whose pod a new one is for, admission looks at.
    private func podCertificateRequests(_ request: AuthorizationAttributes, _ node: String) -> AuthorizationDecision {
        guard request.subresource.isEmpty else { return refuse("nodes may not access the status subresource of PodCertificateRequests") }
        switch request.verb {
        case "create": return .allow(reason: "")
        case "get": return use(request, node, verbs: ["get"]) { uses.podCertificateRequest($0, $1, on: node) }
        case "list", "watch":
            if request.selects("spec.nodeName", node) { return .allow(reason: "") }
            return refuse("can only list/watch podcertificaterequests with nodeName field selector")
        default: return refuse("nodes may only create, get, list and watch podcertificaterequests")
        }
    }

    private func refuse(_ reason: String) -> AuthorizationDecision { .noOpinion(reason: reason) }
}
