import Crypto
import JSON
import KubernetesClient
import Logging
import NIOCore
import NIOHTTP1
import PKI
import Synchronization
import Testing

@testable import APIServer

@Suite struct OpenIDFetcherTests {
    private func fetcher(_ transport: ScriptedTransport, servers: Servers = Servers()) -> OpenIDFetcher {
        // Waits between tries end at once, limits of time never.
        let limits = ManualClock().timeSource
        return OpenIDFetcher(
            time: TimeSource(wallMicroseconds: { 0 }, uptime: { .zero }, sleep: { if $0 > .seconds(5) { try await limits.sleep($0) } })
        ) { server in
            servers.names.withLock { $0.append(server) }
            return transport
        }
    }

    private final class Servers: Sendable {
        let names = Mutex<[String]>([])
    }

    @Test(
        arguments: [
            ([200], "ok", 1), ([503, 200], "ok", 2), ([503, 500, 200], "ok", 3), ([503, 503, 503, 200], "status 503", 3),
            ([404, 200], "status 404", 1),
            ([302, 200], "status 302", 1),
        ])
    func tries(_ statuses: [Int], _ expected: String, _ count: Int) async {
        let transport = ScriptedTransport { _, count in HTTPResponseData(status: statuses[count - 1], body: Array("ok".utf8)) }
        let outcome: String
        do {
            outcome = String(decoding: try await fetcher(transport).fetch("https://issuer/x"), as: UTF8.self)
        } catch {
            outcome = (error as? OpenIDFetchError)?.problem ?? "\(error)"
        }
        #expect(outcome == expected && transport.count == count)
    }

    @Test func placesAndLimits() async throws {
        let servers = Servers()
        let transport = ScriptedTransport { request, _ in
            HTTPResponseData(status: 200, body: request.path == "/large" ? Array(repeating: 32, count: OpenIDFetcher.bytesMax + 1) : [])
        }
        let fetcher = fetcher(transport, servers: servers)
        for url in ["https://a:8443/x/y?z=1", "https://a:8443", "https://b/"] { _ = try await fetcher.fetch(url) }
        #expect(transport.requests.map(\.path) == ["/x/y?z=1", "/", "/"])
        // One way to each server.
        #expect(servers.names.withLock { $0 } == ["https://a:8443", "https://b"])
        await #expect(throws: OpenIDFetchError.self) { try await fetcher.fetch("https://b/large") }
        await #expect(throws: OpenIDFetchError.self) { try await fetcher.fetch("http://b/") }
    }

    /// An issuer behind TLS of an authority of its own, asked by a whole API server.
    @Test func tokensOfAnIssuerOverHTTPS() async throws {
        let now = systemSeconds()
        let authority = try CertificateAuthority.create(commonName: "issuer-ca", now: now)
        let (certificate, certificateKey) = try authority.issue(
            .serving("issuer", dnsNames: ["localhost"], ipAddresses: ["127.0.0.1"]), now: now)
        let key = P256.Signing.PrivateKey()
        let issuer = IssuerSite(key: key)
        let site = try HTTPServer(
            configuration: .init(
                address: "127.0.0.1", port: 0, tls: HTTPServerTLS(certificateChain: try certificate.pem(), privateKey: try certificateKey.pem()),
                eventLoops: 1),
            handler: issuer, judge: { _ in .absent }, logger: Logger(label: "test"))
        let port = try #require(try await site.start().port)
        let url = "https://localhost:\(port)/realm"
        issuer.url.withLock { $0 = url }

        func authenticator(trusting authority: CertificateAuthority) throws -> OpenIDAuthenticator {
            var configuration = OpenIDConfiguration(issuer: url, audiences: ["kubernetes"])
            configuration.algorithms = ["ES256"]
            configuration.usernamePrefix = "oidc:"
            configuration.groupsClaim = "groups"
            configuration.uidClaim = "uid"
            return OpenIDAuthenticator(configuration, fetch: OpenIDFetcher(authority: .data(try authority.certificate.pem())).fetch)
        }
        @Sendable func token(audience: String) throws -> String {
            let claims: JSONValue = [
                "iss": .string(url), "aud": .string(audience), "sub": "ana", "uid": "u-7", "groups": ["devs"], "exp": .integer(now + 600),
            ]
            let message = Base64URL.encode(Array(#"{"alg":"ES256","kid":"k"}"#.utf8)) + "." + Base64URL.encode(claims.serialized())
            return message + "." + Base64URL.encode(Array(try key.signature(for: SHA256.hash(data: Array(message.utf8))).rawRepresentation))
        }
        let known = try authenticator(trusting: authority)
        let stranger = try authenticator(trusting: CertificateAuthority.create(commonName: "other", now: now))
        try await WholeServer.with({ $0.authentication.furtherTokens = [known] }) { whole in
            func who(_ token: String) async throws -> WholeServer.Reply {
                try await whole.call(
                    .POST, "/apis/authentication.k8s.io/v1/selfsubjectreviews", ["kind": "SelfSubjectReview"],
                    headers: ["Authorization": "Bearer \(token)"])
            }
            let answer = try await who(try token(audience: "kubernetes"))
            #expect(answer.status == 201)
            let user = answer.json["status"]?["userInfo"] ?? [:]
            #expect(user.text("username") == "oidc:ana" && user.text("uid") == "u-7")
            #expect(user["groups"] == ["devs", "system:authenticated"])
            #expect(try await who(try token(audience: "somebody-else")).status == 401)
        }
        // An issuer whose certificate another authority signed is not believed.
        guard case .later(let verdict) = stranger.authenticate(token: try token(audience: "kubernetes"), audiences: ["api"], now: now),
            case .rejected = await verdict()
        else {
            Issue.record("the issuer's certificate must not count")
            return
        }
        await site.stop()
    }
}

/// Discovery document and key set of an issuer with one key.
private final class IssuerSite: RequestHandler {
    let url = Mutex("")
    private let keys: [UInt8]

    init(key: P256.Signing.PrivateKey) {
        let raw = Array(key.publicKey.rawRepresentation)
        let (x, y) = (Base64URL.encode(Array(raw.prefix(32))), Base64URL.encode(Array(raw.suffix(32))))
        keys = Array(#"{"keys":[{"kty":"EC","crv":"P-256","kid":"k","x":"\#(x)","y":"\#(y)"}]}"#.utf8)
    }

    func handle(_ request: APIRequest, _ responder: any Responder) {
        let url = url.withLock { $0 }
        switch request.path {
        case "/realm/.well-known/openid-configuration":
            responder.respond(json: Array(#"{"issuer":"\#(url)","jwks_uri":"\#(url)/keys"}"#.utf8))
        case "/realm/keys": responder.respond(json: keys)
        default: responder.respond(status: 404, headers: [:], body: [])
        }
    }
}
