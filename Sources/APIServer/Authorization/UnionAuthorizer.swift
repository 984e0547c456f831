/// Asks several authorizers in order; the first that decides has decided.
package struct UnionAuthorizer: Authorizer {
    private let authorizers: [any Authorizer]

    package init(_ authorizers: [any Authorizer]) {
        self.authorizers = authorizers
    }

    package func authorize(_ attributes: AuthorizationAttributes) -> AuthorizationDecision {
        var reasons: [String] = []
        for authorizer in authorizers {
            let decision = authorizer.authorize(attributes)
            if decision.isFinal { return decision }
            if !decision.reason.isEmpty { reasons.append(decision.reason) }
        }
        return .noOpinion(reason: reasons.joined(separator: ", "))
    }

    package func rules(for user: UserInfo, namespace: String) -> [PolicyRule] {
        authorizers.flatMap { $0.rules(for: user, namespace: namespace) }
    }
}
