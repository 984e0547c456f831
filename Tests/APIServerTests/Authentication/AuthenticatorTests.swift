import JSON
import NIOHTTP1
import PKI
import Testing

@testable import APIServer

/// Tokens in a table; `slow:` ones are looked up later.
struct FakeTokens: TokenAuthenticator {
    var users: [String: UserInfo] = [:]
    var refused: Set<String> = []

    func authenticate(token: String, audiences: [String], now: Int64) -> TokenVerdict {
        if refused.contains(token) { return .rejected(reason: "refused") }
        guard let user = users[token] else { return .unknown }
        return token.hasPrefix("slow:") ? .later { .user(user, audiences: audiences) } : .user(user, audiences: audiences)
    }
}

@Suite struct AuthenticatorTests {
    private let ana = UserInfo(name: "ana")
    private let bob = UserInfo(name: "bob")

    private func authenticator(
        _ tokens: [any TokenAuthenticator] = [], frontProxy: FrontProxyHeaders? = nil, anonymous: AnonymousAccess = .everywhere
    ) -> Authenticator {
        Authenticator(tokens: tokens, audiences: ["api"], frontProxy: frontProxy, anonymous: anonymous, now: { 1000 })
    }

    private func request(_ headers: HTTPHeaders = [:], _ certificate: CertificateIdentity = .absent, path: String = "/api") -> APIRequest {
        APIRequest(method: "GET", path: path, headers: headers, connection: ClientConnection(remoteAddress: "192.0.2.1", certificate: certificate))
    }

    private func name(_ result: AuthenticationResult) async -> String? {
        switch result {
        case .user(let user): user.name
        case .rejected: nil
        case .later(let answer): await name(answer())
        }
    }

    private func bearer(_ token: String) -> HTTPHeaders { ["Authorization": "Bearer \(token)"] }

    @Test func kindsOfTokensAreAskedInOrder() async {
        let chain = authenticator([
            FakeTokens(users: ["a": ana], refused: ["r", "slow:r"]), FakeTokens(users: ["a": bob, "slow:b": bob, "r": ana]),
            FakeTokens(users: ["slow:b": ana, "slow:r": ana]),
        ])
        let table: [(token: String, user: String?)] = [("a", "ana"), ("slow:b", "bob"), ("r", "ana"), ("slow:r", "ana"), ("x", nil)]
        for (token, user) in table { #expect(await name(chain.authenticate(request(bearer(token)))) == user, "\(token)") }
    }

    @Test func certificatesComeBeforeTokens() async {
        let chain = authenticator([FakeTokens(users: ["a": ana])])
        let table: [(CertificateIdentity, HTTPHeaders, String?)] = [
            (.absent, [:], "system:anonymous"),
            (.absent, bearer("a"), "ana"),
            (.absent, bearer("x"), nil),
            (.verified(bob, notAfter: 1000), bearer("a"), "bob"),
            (.verified(bob, notAfter: 999), [:], nil),
            (.verified(bob, notAfter: 999), bearer("a"), "ana"),
            (.rejected(reason: "foreign"), [:], nil),
            (.rejected(reason: "foreign"), bearer("a"), "ana"),
            (.absent, ["Authorization": "Basic YTpi"], "system:anonymous"),
            (.absent, ["Authorization": "Bearer "], "system:anonymous"),
        ]
        for (certificate, headers, user) in table {
            #expect(await name(chain.authenticate(request(headers, certificate))) == user, "\(certificate) \(headers)")
        }
    }

    @Test func headersOfUsersCountOnlyFromAFrontProxy() async {
        let chain = authenticator(frontProxy: FrontProxyHeaders())
        let smuggled: HTTPHeaders = ["X-Remote-User": "root", "X-Remote-Group": "system:masters"]
        let proxy = CertificateIdentity.frontProxy(notAfter: 1000, otherwise: .rejected(reason: "no client"))
        let table: [(CertificateIdentity, HTTPHeaders, String?)] = [
            (proxy, smuggled, "root"),
            (.absent, smuggled, "system:anonymous"),
            (.verified(ana, notAfter: 2000), smuggled, "ana"),
            (.rejected(reason: "foreign"), smuggled, nil),
            (proxy, [:], nil),
            (.frontProxy(notAfter: 999, otherwise: .rejected(reason: "no client")), smuggled, nil),
            (.frontProxy(notAfter: 2000, otherwise: .verified(ana, notAfter: 2000)), [:], "ana"),
        ]
        for (certificate, headers, user) in table {
            #expect(await name(chain.authenticate(request(headers, certificate))) == user, "\(certificate) \(headers)")
        }
        guard
            case .user(let user) = chain.authenticate(
                request(["x-remote-user": "ana", "X-Remote-Group": "a", "x-remote-group": "b", "X-Remote-Extra-Acme.com%2fProject": "p"], proxy))
        else {
            Issue.record("the proxy's user was refused")
            return
        }
        #expect(user.groups == ["a", "b", "system:authenticated"])
        #expect(user.extra == ["acme.com/project": ["p"]])
        var headers: HTTPHeaders = ["X-Remote-User": "x", "X-Remote-Extra-A": "b", "Accept": "c"]
        chain.removeCredentials(&headers)
        #expect(headers.map(\.name) == ["Accept"])
    }

    @Test func anonymousOnlyWhereAllowed() async {
        let table: [(AnonymousAccess, String, Bool)] = [
            (.everywhere, "/api", true), (.nowhere, "/healthz", false), (.paths(["/healthz"]), "/healthz", true),
            (.paths(["/healthz"]), "/api", false),
            (.paths(["/healthz"]), "/healthz/x", false),
        ]
        for (access, path, allowed) in table {
            #expect((await name(authenticator(anonymous: access).authenticate(request(path: path))) != nil) == allowed, "\(access) \(path)")
        }
    }

    @Test func tokenFiles() throws {
        let file = try TokenFileAuthenticator(text: "# who\nt1,ana,1,\"a,b\"\n\nt2, bob ,2\r\n\"t,3\",\"c \"\"x\"\"\",3\n").meant(for: ["api"])
        func user(_ token: String, _ audiences: [String] = ["api"]) -> UserInfo? {
            if case .user(let user, _) = file.authenticate(token: token, audiences: audiences, now: 0) { user } else { nil }
        }
        #expect(user("t1") == UserInfo(name: "ana", uid: "1", groups: ["a", "b"]))
        #expect(user("t2")?.uid == "2")
        #expect(user("t,3")?.name == #"c "x""#)
        #expect(user("t4") == nil)
        #expect(user("t1", ["others"]) == nil)
        for text in ["t1,ana", "t1,ana,1,\"a", ",ana,1"] {
            #expect(throws: TokenFileError.self) { _ = try TokenFileAuthenticator(text: text) }
        }
    }

    @Test func authoritiesOfClientsAndProxiesAreKeptApart() async throws {
        let now = systemSeconds()
        let clients = try CertificateAuthority.create(commonName: "clients", now: now)
        let proxies = try CertificateAuthority.create(commonName: "proxies", now: now)
        let strangers = try CertificateAuthority.create(commonName: "clients", now: now)
        let trusted = TrustedAuthorities([clients.certificate])
        func judged(_ authority: CertificateAuthority, _ user: String, names: [String] = []) async throws -> String {
            let judge = ClientCertificateJudge(
                authorities: trusted, proxyAuthorities: TrustedAuthorities([proxies.certificate]), proxyNames: names)
            let (certificate, _) = try authority.issue(.client(user: user), now: now)
            return switch await judge.judge([certificate]) {
            case .absent: "absent"
            case .verified(let user, _): "user \(user.name)"
            case .rejected: "rejected"
            case .frontProxy(_, .rejected): "proxy"
            case .frontProxy: "proxy and user"
            }
        }
        #expect(try await judged(clients, "ana") == "user ana")
        #expect(try await judged(strangers, "ana") == "rejected")
        #expect(try await judged(proxies, "front") == "proxy")
        #expect(try await judged(proxies, "front", names: ["front"]) == "proxy")
        #expect(try await judged(proxies, "other", names: ["front"]) == "rejected")
        #expect(try await judged(clients, "front", names: ["front"]) == "user front")
        // A new authority counts without a restart, and the old one no longer.
        trusted.replace(with: [strangers.certificate])
        #expect(try await judged(strangers, "ana") == "user ana")
        #expect(try await judged(clients, "ana") == "rejected")
    }
}
