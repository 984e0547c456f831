package enum AuthorizationDecision: Sendable {
    case allow(reason: String)
    /// Somebody forbids it, whatever others would say.
    case deny(reason: String)
    /// Nobody allows it. The reason is empty unless something went wrong while looking.
    case noOpinion(reason: String)
    /// Nobody allows it, and somebody could not be asked. The reason is for the log.
    case failed(reason: String)
    /// Somebody else has to be asked first, over the network. The answer is never `later` again.
    case later(@Sendable () async -> AuthorizationDecision)

    package var isAllowed: Bool {
        if case .allow = self { true } else { false }
    }

    package var reason: String {
        switch self {
        case .allow(let reason), .deny(let reason), .noOpinion(let reason), .failed(let reason): reason
        case .later: ""
        }
    }
}

extension AuthorizationDecision: Equatable {
    /// What is not known yet equals nothing.
    package static func == (a: AuthorizationDecision, b: AuthorizationDecision) -> Bool {
        switch (a, b) {
        case (.allow(let a), .allow(let b)), (.deny(let a), .deny(let b)), (.noOpinion(let a), .noOpinion(let b)), (.failed(let a), .failed(let b)):
            a == b
        default: false
        }
    }
}

/// Decides what a user may do. Must be quick and must not block: it is asked on the event loop for every request.
package protocol Authorizer: Sendable {
    func authorize(_ attributes: AuthorizationAttributes) -> AuthorizationDecision
    /// Everything that `user` may do in `namespace` (and in the whole cluster).
    func rules(for user: UserInfo, namespace: String) -> [PolicyRule]
    /// Whether `rules` may leave something out, because only somebody outside knows.
    var hasAllRules: Bool { get }
}

extension Authorizer {
    package var hasAllRules: Bool { true }
}

/// Says the same to everybody: the modes `AlwaysAllow` and `AlwaysDeny`.
package struct ConstantAuthorizer: Authorizer {
    private let allows: Bool

    package init(allows: Bool) {
        self.allows = allows
    }

    package func authorize(_ attributes: AuthorizationAttributes) -> AuthorizationDecision {
        allows ? .allow(reason: "") : .noOpinion(reason: "Everything is forbidden.")
    }

    package func rules(for user: UserInfo, namespace: String) -> [PolicyRule] {
        guard allows else { return [] }
        return [PolicyRule(verbs: ["*"], apiGroups: ["*"], resources: ["*"]), PolicyRule(verbs: ["*"], nonResourceURLs: ["*"])]
    }
}
