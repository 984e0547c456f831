/// Who decides what a user may do, under the names of `--authorization-mode`.
package enum AuthorizationMode: Sendable {
    case node
    case rbac
    case alwaysAllow
    case alwaysDeny
    /// Somebody outside.
    case webhook(WebhookAuthorizer)

    /// Nil for a name that is none, and for `Webhook`, which needs to be told more.
    package init?(name: String) {
        switch name {
        case "Node": self = .node
        case "RBAC": self = .rbac
        case "AlwaysAllow": self = .alwaysAllow
        case "AlwaysDeny": self = .alwaysDeny
        default: return nil
        }
    }

    package var name: String {
        switch self {
        case .node: "Node"
        case .rbac: "RBAC"
        case .alwaysAllow: "AlwaysAllow"
        case .alwaysDeny: "AlwaysDeny"
        case .webhook: "Webhook"
        }
    }
}

/// Whoever set the cluster up may do everything, whatever the others say: nobody locks himself out.
struct PrivilegedGroupAuthorizer: Authorizer {
    func authorize(_ attributes: AuthorizationAttributes) -> AuthorizationDecision {
        attributes.user.groups.contains(UserInfo.mastersGroup) ? .allow(reason: "") : .noOpinion(reason: "")
    }

    func rules(for user: UserInfo, namespace: String) -> [PolicyRule] {
        guard user.groups.contains(UserInfo.mastersGroup) else { return [] }
        return ConstantAuthorizer(allows: true).rules(for: user, namespace: namespace)
    }
}

extension UnionAuthorizer {
    /// The authorizers of a server, in the order of its modes.
    init(modes: [AuthorizationMode], node: NodeAuthorizer, rbac: RBACAuthorizer) {
        self.init(
            [PrivilegedGroupAuthorizer()]
                + modes.map { mode -> any Authorizer in
                    switch mode {
                    case .node: node
                    case .rbac: rbac
                    case .alwaysAllow: ConstantAuthorizer(allows: true)
                    case .alwaysDeny: ConstantAuthorizer(allows: false)
                    case .webhook(let webhook): webhook
                    }
                })
    }
}
