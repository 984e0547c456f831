import PKI

/// Who a request comes from.
package enum AuthenticationResult: Sendable {
    case user(UserInfo)
    /// A credential was shown and does not count. The reason is for the log, never for the client.
    case rejected(reason: String)
    /// Somebody else has to be asked first, over the network.
    case later(@Sendable () async -> AuthenticationResult)
}

/// Finds the user behind a request: front proxy, then client certificate, then bearer token, else nobody (`UserInfo.anonymous`).
///
/// A credential that does not count refuses the request even where nobody in particular would be let in, as upstream does.
package struct Authenticator: Sendable {
    private let tokens: TokenAuthenticators
    private let frontProxy: FrontProxyHeaders?
    private let anonymous: @Sendable () -> AnonymousAccess
    /// What tokens must be meant for, unless a token review asks for something else.
    package let audiences: [String]
    private let now: @Sendable () -> Int64

    /// - Parameter tokens: in the order in which they are asked.
    /// - Parameter frontProxy: which headers a front proxy names users in; nil when none is believed.
    /// - Parameter anonymous: asked for each request without a credential.
    package init(
        tokens: [any TokenAuthenticator], audiences: [String], frontProxy: FrontProxyHeaders? = nil,
        anonymous: @autoclosure @escaping @Sendable () -> AnonymousAccess = .everywhere, now: @escaping @Sendable () -> Int64 = systemSeconds
    ) {
        self.tokens = TokenAuthenticators(tokens)
        self.audiences = audiences
        self.frontProxy = frontProxy
        self.anonymous = anonymous
        self.now = now
    }

    package func authenticate(_ request: APIRequest) -> AuthenticationResult {
        var rejection: String?
        if let identity = request.connection?.certificate {
            switch fromCertificate(identity, request) {
            case .user(let user): return .user(Self.authenticated(user))
            case .rejected(let reason): rejection = reason
            case .later, nil: break
            }
        }
        guard let token = BearerCredential.token(in: request.headers) else { return unnamed(request, rejection) }
        return conclude(authenticate(token: token), request, rejection)
    }

    /// The verdict on a token, with everyone's group. Never `later` within `later`.
    ///
    /// - Parameter audiences: nil for the API server's own.
    package func authenticate(token: String, audiences: [String]? = nil) -> TokenVerdict {
        Self.named(tokens.authenticate(token: token, audiences: audiences ?? self.audiences, now: now()))
    }

    /// Takes away what `authenticate` has looked at, so that nothing behind can take it for its own.
    package func removeCredentials(_ headers: inout HTTPHeaders) {
        frontProxy?.remove(from: &headers)
    }

    private func fromCertificate(_ identity: CertificateIdentity, _ request: APIRequest) -> AuthenticationResult? {
        switch identity {
        case .verified(let user, let notAfter):
            return now() <= notAfter ? .user(user) : .rejected(reason: "the client certificate has expired")
        case .rejected(let reason):
            return .rejected(reason: reason)
        case .absent:
            return nil
        case .frontProxy(let notAfter, let otherwise):
            if let frontProxy, now() <= notAfter, let user = frontProxy.user(request.headers) { return .user(user) }
            return fromCertificate(otherwise, request)
        }
    }

    private func conclude(_ verdict: TokenVerdict, _ request: APIRequest, _ rejection: String?) -> AuthenticationResult {
        switch verdict {
        case .user(let user, _): return .user(user)
        case .rejected(let reason): return .rejected(reason: reason)
        case .unknown: return .rejected(reason: rejection ?? "the bearer token is unknown")
        case .later(let answer): return .later { conclude(await answer(), request, rejection) }
        }
    }

    private func unnamed(_ request: APIRequest, _ rejection: String?) -> AuthenticationResult {
        if let rejection { return .rejected(reason: rejection) }
        return anonymous().isAllowed(path: request.path) ? .user(.anonymous) : .rejected(reason: "no credential was shown")
    }

    private static func named(_ verdict: TokenVerdict) -> TokenVerdict {
        switch verdict {
        case .user(let user, let audiences): return .user(authenticated(user), audiences: audiences)
        case .later(let answer): return .later { named(await TokenAuthenticators.settled(answer)) }
        case .unknown, .rejected: return verdict
        }
    }

    /// Everyone who showed a credential that counts belongs to this group.
    static func authenticated(_ user: UserInfo) -> UserInfo {
        if user.groups.contains(UserInfo.authenticatedGroup) || user.groups.contains(UserInfo.unauthenticatedGroup) { return user }
        var user = user
        user.groups.append(UserInfo.authenticatedGroup)
        return user
    }
}
