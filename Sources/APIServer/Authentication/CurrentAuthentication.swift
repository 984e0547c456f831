import Synchronization

/// What an `AuthenticationConfiguration` says now; another may take its place while the server runs.
package final class CurrentAuthentication: TokenAuthenticator {
    package struct Settings: Sendable {
        /// Whose tokens count.
        package var issuers: [any TokenAuthenticator]
        /// Where nobody need show who they are.
        package var anonymous: AnonymousAccess

        package init(issuers: [any TokenAuthenticator], anonymous: AnonymousAccess) {
            self.issuers = issuers
            self.anonymous = anonymous
        }
    }

    private struct State {
        var issuers: TokenAuthenticators
        var anonymous: AnonymousAccess

        init(_ settings: Settings) {
            issuers = TokenAuthenticators(settings.issuers)
            anonymous = settings.anonymous
        }
    }

    private let state: Mutex<State>

    package init(_ settings: Settings) { state = Mutex(State(settings)) }

    package func replace(with settings: Settings) {
        let new = State(settings)
        state.withLock { $0 = new }
    }

    package var anonymous: AnonymousAccess { state.withLock { $0.anonymous } }

    package func authenticate(token: String, audiences: [String], now: Int64) -> TokenVerdict {
        state.withLock { $0.issuers }.authenticate(token: token, audiences: audiences, now: now)
    }
}
