import Synchronization

/// Role-based access control over the cluster's own role objects.
package final class RBACAuthorizer: Authorizer {
    private let source: any RBACSource
    private let current: Mutex<(version: UInt64, index: RBACIndex)?>

    package init(source: any RBACSource) {
        self.source = source
        current = Mutex(nil)
    }

    package func authorize(_ attributes: AuthorizationAttributes) -> AuthorizationDecision {
        // The group that can never lock itself out, even when every role object is gone.
        if attributes.user.groups.contains(UserInfo.mastersGroup) { return .allow(reason: "") }
        var decision: AuthorizationDecision?
        var problems: [String] = []
        index.visit(attributes.user, namespace: attributes.namespace) { grant, subject in
            if !grant.problem.isEmpty, !problems.contains(grant.problem) { problems.append(grant.problem) }
            for rule in grant.rules where rule.allows(attributes) {
                decision = .allow(reason: "RBAC: allowed by \(grant.origin) to \(subject())")
                return true
            }
            return false
        }
        if let decision { return decision }
        if problems.isEmpty { return .noOpinion(reason: "") }
        return .noOpinion(reason: "RBAC: " + (problems.count == 1 ? problems[0] : "[\(problems.joined(separator: ", "))]"))
    }

    package func rules(for user: UserInfo, namespace: String) -> [PolicyRule] {
        var rules: [PolicyRule] = []
        if user.groups.contains(UserInfo.mastersGroup) {
            rules = [PolicyRule(verbs: ["*"], apiGroups: ["*"], resources: ["*"]), PolicyRule(verbs: ["*"], nonResourceURLs: ["*"])]
        }
        index.visit(user, namespace: namespace) { grant, _ in
            for rule in grant.rules where !rules.contains(rule) { rules.append(rule) }
            return false
        }
        return rules
    }

    /// The rules of a ClusterRole (no namespace) or Role, with what it gathers; nil if there is no such role.
    package func rules(ofRole name: String, namespace: String?) -> [PolicyRule]? {
        index.rules(ofRole: name, namespace: namespace)
    }

    private var index: RBACIndex {
        let version = source.version
        return current.withLock { current in
            if let current, current.version == version { return current.index }
            let index = RBACIndex(
                clusterRoles: source.objects(.clusterRole), roles: source.objects(.role), clusterRoleBindings: source.objects(.clusterRoleBinding),
                roleBindings: source.objects(.roleBinding))
            current = (version, index)
            return index
        }
    }
}
