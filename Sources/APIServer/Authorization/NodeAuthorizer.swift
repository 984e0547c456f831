/// The rights of kubelets: users `system:node:<name>` in the group `system:nodes` may do what the role `system:node` says.
package struct NodeAuthorizer: Authorizer {
    private let rules: [PolicyRule]

    package init() {
        rules = DefaultPolicy.shared.clusterRoles.first { $0.name == "system:node" }?.rules ?? []
    }

    package func authorize(_ attributes: AuthorizationAttributes) -> AuthorizationDecision {
        guard Self.isNode(attributes.user) else { return .noOpinion(reason: "") }
        for rule in rules where rule.allows(attributes) { return .allow(reason: "") }
        return .noOpinion(reason: "")
    }

    package func rules(for user: UserInfo, namespace: String) -> [PolicyRule] {
        Self.isNode(user) ? rules : []
    }

    package static func isNode(_ user: UserInfo) -> Bool {
        user.name.hasPrefix("system:node:") && user.name.utf8.count > "system:node:".utf8.count && user.groups.contains(UserInfo.nodesGroup)
    }
}

/// Asks several authorizers in order; the first that allows decides.
package struct UnionAuthorizer: Authorizer {
    private let authorizers: [any Authorizer]

    package init(_ authorizers: [any Authorizer]) {
        self.authorizers = authorizers
    }

    package func authorize(_ attributes: AuthorizationAttributes) -> AuthorizationDecision {
        var reasons: [String] = []
        for authorizer in authorizers {
            let decision = authorizer.authorize(attributes)
            if decision.isAllowed { return decision }
            if !decision.reason.isEmpty { reasons.append(decision.reason) }
        }
        return .noOpinion(reason: reasons.joined(separator: "\n"))
    }

    package func rules(for user: UserInfo, namespace: String) -> [PolicyRule] {
        authorizers.flatMap { $0.rules(for: user, namespace: namespace) }
    }
}
