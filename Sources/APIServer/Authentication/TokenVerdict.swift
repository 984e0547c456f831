/// What one authenticator says of a bearer token.
package enum TokenVerdict: Sendable {
    /// Not a token of this kind; others may know it.
    case unknown
    /// Whose it is, and which of the audiences asked for it is meant for.
    case user(UserInfo, audiences: [String])
    /// Of this kind, and does not count. The reason is for the log, never for the client, and never has the token in it.
    case rejected(reason: String)
    /// Somebody else has to be asked first, over the network.
    case later(@Sendable () async -> TokenVerdict)
}

/// Knows one kind of bearer tokens.
package protocol TokenAuthenticator: Sendable {
    /// Must not block: it is asked on the event loop.
    ///
    /// - Parameter audiences: whom the token must be meant for, one of them; never empty.
    /// - Parameter now: seconds since 1970.
    func authenticate(token: String, audiences: [String], now: Int64) -> TokenVerdict
}

/// Tokens that say nothing of audiences are meant for the API server.
struct ServerAudience: Sendable {
    let audiences: [String]

    /// The verdict on a token of `user`, asked for `wanted`.
    func verdict(_ user: UserInfo, wanted: [String]) -> TokenVerdict {
        let common = wanted.filter { audiences.contains($0) }
        return common.isEmpty ? .rejected(reason: "the token is for another audience") : .user(user, audiences: common)
    }
}

/// Several kinds of tokens in order. The first that knows a token decides; a rejection lets the others have their say.
package struct TokenAuthenticators: TokenAuthenticator {
    private let members: [any TokenAuthenticator]

    package init(_ members: [any TokenAuthenticator]) {
        self.members = members
    }

    package func authenticate(token: String, audiences: [String], now: Int64) -> TokenVerdict {
        ask(members[...], token, audiences, now, reasons: [])
    }

    private func ask(_ members: ArraySlice<any TokenAuthenticator>, _ token: String, _ audiences: [String], _ now: Int64, reasons: [String])
        -> TokenVerdict
    {
        var reasons = reasons
        var rest = members
        while let member = rest.popFirst() {
            switch member.authenticate(token: token, audiences: audiences, now: now) {
            case .unknown: continue
            case .user(let user, let audiences): return .user(user, audiences: audiences)
            case .rejected(let reason): reasons.append(reason)
            case .later(let answer):
                let (known, remaining) = (reasons, rest)
                return .later {
                    var known = known
                    switch await Self.settled(answer) {
                    case .user(let user, let audiences): return .user(user, audiences: audiences)
                    case .rejected(let reason): known.append(reason)
                    case .unknown, .later: break
                    }
                    return ask(remaining, token, audiences, now, reasons: known)
                }
            }
        }
        return reasons.isEmpty ? .unknown : .rejected(reason: reasons.joined(separator: "; "))
    }

    /// Waits until somebody says something that is not `later`.
    static func settled(_ answer: @Sendable () async -> TokenVerdict) async -> TokenVerdict {
        var verdict = await answer()
        while case .later(let next) = verdict { verdict = await next() }
        return verdict
    }
}
