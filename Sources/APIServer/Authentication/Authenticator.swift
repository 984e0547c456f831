import PKI

/// Who a request comes from.
package enum AuthenticationResult: Sendable, Equatable {
    case user(UserInfo)
    /// A credential was shown and does not count. The reason is for the log, never for the client.
    case rejected(reason: String)
}

/// Finds the user behind a request: client certificate first, then bearer token, else nobody (`UserInfo.anonymous`).
///
/// A credential that does not count refuses the request even where nobody in particular would be let in, as upstream does.
package struct Authenticator: Sendable {
    private let tokens: ServiceAccountAuthenticator?
    private let otherTokens: @Sendable (String) -> UserInfo?
    private let now: @Sendable () -> Int64

    /// - Parameter otherTokens: the user behind a token that is no service account's, such as a bootstrap token; nil if it does not count.
    package init(
        tokens: ServiceAccountAuthenticator?, otherTokens: @escaping @Sendable (String) -> UserInfo? = { _ in nil },
        now: @escaping @Sendable () -> Int64 = systemSeconds
    ) {
        self.tokens = tokens
        self.otherTokens = otherTokens
        self.now = now
    }

    package func authenticate(_ request: APIRequest) -> AuthenticationResult {
        var rejection: String?
        switch request.connection?.certificate {
        case .verified(let user, let notAfter)?:
            if now() <= notAfter { return .user(Self.authenticated(user)) }
            rejection = "the client certificate has expired"
        case .rejected(let reason)?:
            rejection = reason
        case .absent?, nil:
            break
        }
        if let token = BearerCredential.token(in: request.headers) {
            switch authenticate(token: token, audiences: nil) {
            case .user(let user): return .user(user)
            case .rejected(let reason): rejection = reason
            }
        }
        if let rejection { return .rejected(reason: rejection) }
        return .user(.anonymous)
    }

    /// - Parameter audiences: nil for the API server's own.
    package func authenticate(token: String, audiences: [String]?) -> AuthenticationResult {
        if let tokens, tokens.looksLikeToken(token) {
            switch tokens.authenticate(token, audiences: audiences, now: now()) {
            case .success(let user): return .user(Self.authenticated(user))
            case .failure(let error): return .rejected(reason: error.description)
            }
        }
        if let user = otherTokens(token) { return .user(Self.authenticated(user)) }
        return .rejected(reason: "the bearer token is unknown")
    }

    /// Everyone who showed a credential that counts belongs to this group.
    static func authenticated(_ user: UserInfo) -> UserInfo {
        if user.groups.contains(UserInfo.authenticatedGroup) || user.groups.contains(UserInfo.unauthenticatedGroup) { return user }
        var user = user
        user.groups.append(UserInfo.authenticatedGroup)
        return user
    }
}
