/// Asks several authorizers in order; the first that decides has decided.
package struct UnionAuthorizer: Authorizer {
    private let authorizers: [any Authorizer]

    package init(_ authorizers: [any Authorizer]) {
        self.authorizers = authorizers
    }

    package func authorize(_ attributes: AuthorizationAttributes) -> AuthorizationDecision {
        // An explicit loop: most requests are decided here, and nothing else should be done for them.
        for (index, authorizer) in authorizers.enumerated() {
            switch authorizer.authorize(attributes) {
            case .allow(let reason): return .allow(reason: reason)
            case .deny(let reason): return .deny(reason: reason)
            case .noOpinion("") where index + 1 < authorizers.count: continue
            case let decision: return ask(authorizers[(index + 1)...], attributes, after: Said(decision), decision)
            }
        }
        return .noOpinion(reason: "")
    }

    /// What those said that have not decided.
    private struct Said: Sendable {
        var reasons: [String] = []
        var hasFailed = false

        init() {}

        init(_ decision: AuthorizationDecision) { add(decision) }

        mutating func add(_ decision: AuthorizationDecision) {
            if !decision.reason.isEmpty { reasons.append(decision.reason) }
            if case .failed = decision { hasFailed = true }
        }

        var decision: AuthorizationDecision {
            let reason = reasons.joined(separator: ", ")
            return hasFailed ? .failed(reason: reason) : .noOpinion(reason: reason)
        }
    }

    private func ask(
        _ members: ArraySlice<any Authorizer>, _ attributes: AuthorizationAttributes, after said: Said, _ first: AuthorizationDecision
    ) -> AuthorizationDecision {
        if case .later(let answer) = first { return later(answer, members, attributes, Said()) }
        var said = said
        var rest = members
        while let member = rest.popFirst() {
            switch member.authorize(attributes) {
            case .allow(let reason): return .allow(reason: reason)
            case .deny(let reason): return .deny(reason: reason)
            case .later(let answer): return later(answer, rest, attributes, said)
            case let decision: said.add(decision)
            }
        }
        return said.decision
    }

    private func later(
        _ answer: @escaping @Sendable () async -> AuthorizationDecision, _ rest: ArraySlice<any Authorizer>, _ attributes: AuthorizationAttributes,
        _ said: Said
    ) -> AuthorizationDecision {
        .later {
            let decision = await answer()
            switch decision {
            case .allow, .deny: return decision
            case .noOpinion, .failed, .later: break
            }
            var known = said
            known.add(decision)
            let next = ask(rest, attributes, after: known, .noOpinion(reason: ""))
            if case .later(let another) = next { return await another() }
            return next
        }
    }

    package func rules(for user: UserInfo, namespace: String) -> [PolicyRule] {
        authorizers.flatMap { $0.rules(for: user, namespace: namespace) }.reduce(into: []) { rules, rule in
            if !rules.contains(rule) { rules.append(rule) }
        }
    }

    package var hasAllRules: Bool { authorizers.allSatisfy(\.hasAllRules) }
}
