import Crypto
import FoundationEssentials
import JSON
import PKI
import Synchronization
import Testing

@testable import APIServer

@Suite struct OpenIDTests {
    private static let issuer = "https://issuer.example.com"
    private static let now: Int64 = 1_800_000_000

    /// An issuer with one key that can be replaced.
    private final class Issuer: Sendable {
        private let state: Mutex<(key: P256.Signing.PrivateKey, id: Int, asked: Int)> = Mutex((P256.Signing.PrivateKey(), 1, 0))

        var asked: Int { state.withLock { $0.asked } }

        func rotate() { state.withLock { $0 = (P256.Signing.PrivateKey(), $0.id + 1, $0.asked) } }

        func fetch(_ url: String) throws -> [UInt8] {
            if url == "\(OpenIDTests.issuer)/.well-known/openid-configuration" {
                state.withLock { $0.asked += 1 }
                return Array(#"{"issuer":"\#(OpenIDTests.issuer)","jwks_uri":"https://keys.example.com/jwks"}"#.utf8)
            }
            guard url == "https://keys.example.com/jwks" else { throw CancellationError() }
            let (key, id, _) = state.withLock { $0 }
            let raw = Array(key.publicKey.rawRepresentation)
            return Array(
                #"{"keys":[{"kty":"EC","crv":"P-256","kid":"k\#(id)","x":"\#(Base64URL.encode(Array(raw.prefix(32))))","y":"\#(Base64URL.encode(Array(raw.suffix(32))))"}]}"#
                    .utf8)
        }

        func token(_ claims: JSONValue) throws -> String {
            let (key, id, _) = state.withLock { $0 }
            let message = Base64URL.encode(Array(#"{"alg":"ES256","kid":"k\#(id)"}"#.utf8)) + "." + Base64URL.encode(claims.serialized())
            return message + "." + Base64URL.encode(Array(try key.signature(for: SHA256.hash(data: Array(message.utf8))).rawRepresentation))
        }

        init() {}
    }

    private static let claims: JSONValue = [
        "iss": .string(issuer), "aud": "kubernetes", "sub": "1234", "exp": .integer(now + 600), "email": "ana@example.com", "email_verified": true,
        "groups": ["devs", "ops"], "tenant": "t1",
    ]

    private func outcome(_ authenticator: OpenIDAuthenticator, _ token: String) async -> String {
        var verdict = authenticator.authenticate(token: token, audiences: ["api"], now: Self.now)
        if case .later(let answer) = verdict { verdict = await answer() }
        switch verdict {
        case .user(let user, _): return ([user.name] + user.groups).joined(separator: " ")
        case .rejected(let reason): return "rejected: \(reason)"
        case .unknown: return "unknown"
        case .later: return "later"
        }
    }

    private func authenticator(_ issuer: Issuer, _ edit: (inout OpenIDConfiguration) -> Void = { _ in }) -> OpenIDAuthenticator {
        var configuration = OpenIDConfiguration(issuer: Self.issuer, audiences: ["kubernetes"])
        configuration.algorithms = ["ES256"]
        edit(&configuration)
        return OpenIDAuthenticator(configuration, fetch: { try issuer.fetch($0) }, now: { Self.now })
    }

    @Test func claimsBecomeUsers() async throws {
        let issuer = Issuer()
        let token = try issuer.token(Self.claims)
        #expect(await outcome(authenticator(issuer), token) == "\(Self.issuer)#1234")
        #expect(await outcome(authenticator(issuer) { $0.usernamePrefix = "" }, token) == "1234")
        #expect(await outcome(authenticator(issuer) { $0.usernameClaim = "email" }, token) == "ana@example.com")
        #expect(
            await outcome(
                authenticator(issuer) {
                    $0.usernamePrefix = "oidc:"
                    $0.groupsClaim = "groups"
                    $0.groupsPrefix = "g:"
                    $0.requiredClaims = ["tenant": "t1"]
                }, token) == "oidc:1234 g:devs g:ops")
    }

    @Test func refusals() async throws {
        let issuer = Issuer()
        func changed(_ edit: (inout JSONValue) -> Void) throws -> String {
            var claims = Self.claims
            edit(&claims)
            return try issuer.token(claims)
        }
        let strict = authenticator(issuer) {
            $0.usernameClaim = "email"
            $0.groupsClaim = "groups"
            $0.requiredClaims = ["tenant": "t1"]
        }
        let table: [(String, String)] = [
            (try changed { $0["iss"] = "https://other" }, "unknown"),
            (try changed { $0["aud"] = ["a", "b"] }, "rejected: oidc: it is for another audience"),
            (try changed { $0["aud"] = nil }, "rejected: oidc: it is for another audience"),
            (try changed { $0["exp"] = .integer(Self.now - 1) }, "rejected: oidc: it has expired"),
            (try changed { $0["exp"] = nil }, "rejected: oidc: it does not say when it ends"),
            (try changed { $0["nbf"] = .integer(Self.now + 400) }, "rejected: oidc: it is not valid yet"),
            (try changed { $0["tenant"] = "t2" }, #"rejected: oidc: the required claim "tenant" has another value"#),
            (try changed { $0["tenant"] = nil }, #"rejected: oidc: the required claim "tenant" is not there"#),
            (try changed { $0["email_verified"] = false }, "rejected: oidc: email not verified"),
            (try changed { $0["email"] = "" }, #"rejected: oidc: the claim "email" names no user"#),
            (try changed { $0["groups"] = [1] }, #"rejected: oidc: the claim "groups" is no list of groups"#),
            ("x.y.z", "unknown"),
        ]
        for (token, expected) in table { #expect(await outcome(strict, token) == expected) }
        // Without a signature, and with the published keys as the secret of a symmetric one.
        let payload = Base64URL.encode(Self.claims.serialized())
        func isRefused(_ token: String) async -> Bool {
            let outcome = await outcome(strict, token)
            return outcome == "unknown" || outcome.hasPrefix("rejected")
        }
        #expect(await isRefused(Base64URL.encode(Array(#"{"alg":"none","kid":"k1"}"#.utf8)) + ".\(payload)."))
        let message = Base64URL.encode(Array(#"{"alg":"HS256","kid":"k1"}"#.utf8)) + "." + payload
        for secret in [try issuer.fetch("https://keys.example.com/jwks"), []] {
            let code = HMAC<SHA256>.authenticationCode(for: Array(message.utf8), using: SymmetricKey(data: secret))
            #expect(await isRefused(message + "." + Base64URL.encode(Array(code))))
        }
        let forged = try Issuer().token(Self.claims)
        #expect(await outcome(strict, forged) == "rejected: oidc: its signature does not count")
    }

    @Test func newKeysAreFetchedOnceAndNotByStrangers() async throws {
        let issuer = Issuer()
        let clock = Mutex<Int64>(Self.now)
        var configuration = OpenIDConfiguration(issuer: Self.issuer, audiences: ["kubernetes"])
        configuration.algorithms = ["ES256"]
        let authenticator = OpenIDAuthenticator(configuration, fetch: { try issuer.fetch($0) }, now: { clock.withLock { $0 } })
        func isUser(_ token: String) async -> Bool {
            var verdict = authenticator.authenticate(token: token, audiences: ["api"], now: clock.withLock { $0 })
            if case .later(let answer) = verdict { verdict = await answer() }
            if case .user = verdict { return true }
            return false
        }
        #expect(await isUser(try issuer.token(Self.claims)))
        #expect(await isUser(try issuer.token(Self.claims)))
        #expect(issuer.asked == 1)
        issuer.rotate()
        // Too soon: a token with an unknown key may be a stranger's.
        #expect(!(await isUser(try issuer.token(Self.claims))))
        #expect(issuer.asked == 1)
        clock.withLock { $0 += OpenIDAuthenticator.pauseSeconds }
        #expect(await isUser(try issuer.token(Self.claims)))
        #expect(issuer.asked == 2)
    }

    @Test func configurationsThatCannotBeUsed() {
        #expect(OpenIDConfiguration(issuer: Self.issuer, audiences: ["a"]).problem == nil)
        #expect(OpenIDConfiguration(issuer: "http://issuer", audiences: ["a"]).problem != nil)
        #expect(OpenIDConfiguration(issuer: Self.issuer, audiences: []).problem != nil)
        #expect(OpenIDConfiguration(issuer: Self.issuer + "?x", audiences: ["a"]).problem != nil)
    }
}
