import JSON
import PKI
import Synchronization

/// Tokens of an OpenID Connect issuer. Its keys are fetched when they are first needed and again when a token names one that is not known.
package final class OpenIDAuthenticator: TokenAuthenticator {
    /// Fetches a document of the issuer by its URL.
    package typealias Fetch = @Sendable (_ url: String) async throws -> [UInt8]

    private struct State {
        var keys = JSONWebKeySet.empty
        /// When the keys were fetched last, in seconds; whether it went well or not.
        var asked: Int64?
        var fetching: Task<String?, Never>?

        /// Whether the issuer may have taken keys back since.
        func isStale(_ now: Int64) -> Bool { asked.map { now - $0 >= OpenIDAuthenticator.refreshSeconds } ?? true }
    }

    /// How long nobody asks the issuer again, whatever tokens say: strangers must not make us flood it.
    static let pauseSeconds: Int64 = 10
    /// How long keys count without another look at the issuer.
    static let refreshSeconds: Int64 = 3600
    /// Clocks differ a little.
    private static let leewaySeconds: Int64 = 300

    private let configuration: OpenIDConfiguration
    private let fetch: Fetch
    private let now: @Sendable () -> Int64
    private let state = Mutex(State())

    package init(_ configuration: OpenIDConfiguration, fetch: @escaping Fetch, now: @escaping @Sendable () -> Int64 = systemSeconds) {
        self.configuration = configuration
        self.fetch = fetch
        self.now = now
    }

    package func authenticate(token: String, audiences: [String], now: Int64) -> TokenVerdict {
        guard let parsed = JSONWebToken(token), parsed.claims["iss"]?.stringValue == configuration.issuer else { return .unknown }
        if let flaw = flaw(of: parsed.claims, now: now) { return .rejected(reason: "oidc: \(flaw)") }
        let (keys, isStale) = state.withLock { ($0.keys, $0.isStale(now)) }
        let isKnown = keys.verify(parsed, allowed: configuration.algorithms)
        if isKnown, !isStale { return verdict(parsed.claims, audiences) }
        guard isKnown || mayAsk(parsed, keys, now) else { return .rejected(reason: "oidc: its signature does not count") }
        return .later { [self] in
            // Keys that were good an hour ago stay so while the issuer cannot be reached.
            if let problem = await refreshed(now), !isKnown { return .rejected(reason: "oidc: the issuer's keys cannot be fetched: \(problem)") }
            guard state.withLock({ $0.keys }).verify(parsed, allowed: configuration.algorithms) else {
                return .rejected(reason: "oidc: its signature does not count")
            }
            return verdict(parsed.claims, audiences)
        }
    }

    /// What speaks against the claims, before anything is known of the signature; nil if nothing does.
    private func flaw(of claims: JSONValue, now: Int64) -> String? {
        let meant: [String] =
            switch claims["aud"] {
            case .string(let one)?: [one]
            case .array(let many)?: many.compactMap(\.stringValue)
            default: []
            }
        if !meant.contains(where: { configuration.audiences.contains($0) }) { return "it is for another audience" }
        guard let expires = Self.seconds(claims["exp"]) else { return "it does not say when it ends" }
        if now > expires { return "it has expired" }
        if let begins = Self.seconds(claims["nbf"]), now + Self.leewaySeconds < begins { return "it is not valid yet" }
        for (name, value) in configuration.requiredClaims.sorted(by: { $0.key < $1.key }) {
            guard let found = claims[name] else { return "the required claim \(goQuoted(name)) is not there" }
            if found.stringValue != value { return "the required claim \(goQuoted(name)) has another value" }
        }
        if configuration.usernameClaim == "email", let verified = claims["email_verified"], verified.boolValue != true { return "email not verified" }
        return nil
    }

    private func verdict(_ claims: JSONValue, _ audiences: [String]) -> TokenVerdict {
        guard let name = claims[configuration.usernameClaim]?.stringValue, !name.isEmpty else {
            return .rejected(reason: "oidc: the claim \(goQuoted(configuration.usernameClaim)) names no user")
        }
        var groups: [String] = []
        if let claim = configuration.groupsClaim, let value = claims[claim], !value.isNull {
            switch value {
            case .string(let one): groups = [one]
            case .array(let many) where many.allSatisfy({ $0.stringValue != nil }): groups = many.compactMap(\.stringValue)
            default: return .rejected(reason: "oidc: the claim \(goQuoted(claim)) is no list of groups")
            }
        }
        var user = UserInfo(name: configuration.effectivePrefix + name, groups: groups.map { configuration.groupsPrefix + $0 })
        if let claim = configuration.uidClaim {
            guard let uid = claims[claim]?.stringValue else { return .rejected(reason: "oidc: the claim \(goQuoted(claim)) is no uid") }
            user.uid = uid
        }
        return .user(user, audiences: audiences)
    }

    private func mayAsk(_ token: JSONWebToken, _ keys: JSONWebKeySet, _ now: Int64) -> Bool {
        guard configuration.algorithms.contains(token.algorithm) else { return false }
        // A key that we have has already said no.
        if let id = token.keyID, keys.has(keyID: id) { return false }
        return state.withLock { state in
            guard state.fetching == nil else { return true }
            return state.asked.map { now - $0 >= Self.pauseSeconds } ?? true
        }
    }

    /// Fetches the keys; whoever comes meanwhile waits for the same. What went wrong, or nil.
    private func refreshed(_ now: Int64) async -> String? {
        let task = state.withLock { state -> Task<String?, Never> in
            if let fetching = state.fetching { return fetching }
            state.asked = now
            let task = Task { await self.fetchKeys() }
            state.fetching = task
            return task
        }
        return await task.value
    }

    private func fetchKeys() async -> String? {
        var problem: String?
        var keys: JSONWebKeySet?
        do {
            let issuer = configuration.issuer.hasSuffix("/") ? String(configuration.issuer.dropLast()) : configuration.issuer
            let document = try JSONValue(parsing: try await fetch(configuration.discoveryURL ?? issuer + "/.well-known/openid-configuration"))
            if document["issuer"]?.stringValue != configuration.issuer {
                problem = "the discovery document is another issuer's"
            } else if let place = document["jwks_uri"]?.stringValue, place.hasPrefix("https://") {
                keys = try JSONWebKeySet(try await fetch(place))
            } else {
                problem = "the discovery document names no place of the keys that begins with https://"
            }
        } catch {
            problem = "\(error)"
        }
        let found = keys
        state.withLock { state in
            if let found { state.keys = found }
            state.fetching = nil
        }
        return problem
    }

    private static func seconds(_ value: JSONValue?) -> Int64? {
        switch value {
        case .integer(let seconds)?: seconds
        case .number(let number)?: Double(number.text).flatMap { Int64(exactly: $0.rounded(.down)) }
        default: nil
        }
    }
}
