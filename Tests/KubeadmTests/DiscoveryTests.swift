import Crypto
import JSON
import KubernetesClient
import PKI
import Synchronization
import Testing

@testable import Kubeadm

@Suite("kubeadm join: recognizing the cluster")
struct DiscoveryTests {
    let token: BootstrapToken
    let cluster: TestCluster

    init() throws {
        token = try #require(BootstrapToken("abcdef.0123456789abcdef"))
        cluster = try TestCluster()
    }

    /// A clock that jumps ahead whenever somebody sleeps.
    private static func time(_ now: Int64 = TestCluster.start, _ slept: Slept = Slept()) -> TimeSource {
        TimeSource(
            wallMicroseconds: { now * 1_000_000 }, uptime: { slept.total.withLock { $0 } },
            sleep: { duration in slept.total.withLock { $0 += duration } })
    }

    private final class Slept: Sendable {
        let total = Mutex(Duration.zero)
    }

    private func discovery(
        token: BootstrapToken? = nil, hashes: [String]? = nil, time: TimeSource = time(), say: @escaping @Sendable (String) -> Void = { _ in },
        _ fetch: @escaping ClusterInfoSource
    ) throws -> TokenDiscovery {
        TokenDiscovery(
            server: TestCluster.server, token: token ?? self.token, hashes: try hashes ?? [cluster.hash], patience: .seconds(300), fetch: fetch,
            time: time, say: say)
    }

    private func problem(_ discovery: TokenDiscovery) async -> String {
        do {
            return "believed \(try await discovery.run().server)"
        } catch {
            return "\(error)"
        }
    }

    @Test func theRightClusterIsBelieved() async throws {
        let info = cluster.info([token])
        let askedWith = Mutex<[Bool]>([])
        let found = try await discovery { _, authority in
            askedWith.withLock { $0.append(authority != nil) }
            return info
        }.run()
        let authority = try cluster.authority.certificate.pem()
        #expect(found.server == TestCluster.server && found.authorityPEM == authority)
        // Once without and once with the authority.
        #expect(askedWith.withLock { $0 } == [false, true])
        let kubeconfig = try Kubeconfig(parsing: found.bootstrapKubeconfig, file: "bootstrap").connection()
        #expect(kubeconfig.token == token.text && kubeconfig.server == TestCluster.server)
    }

    @Test func aWrongSecretIsNamed() async throws {
        let wrong = try #require(BootstrapToken("abcdef.fedcba9876543210"))
        let info = cluster.info([token])
        #expect(await problem(try discovery(token: wrong) { _, _ in info }).contains("its second part, behind the dot, is wrong"))
    }

    @Test func anUnknownOrExpiredTokenIsNamed() async throws {
        let other = try #require(BootstrapToken("ghijkl.0123456789abcdef"))
        let info = cluster.info([other])
        let slept = Slept()
        let text = await problem(try discovery(time: Self.time(TestCluster.start, slept)) { _, _ in info })
        #expect(text.contains("knows no token \"abcdef\"") && text.contains("expired") && text.contains("kubeadm token create --print-join-command"))
        #expect(slept.total.withLock { $0 } == TokenDiscovery.signaturePatience)
    }

    @Test(arguments: [(200, true, "lets in and does not sign"), (401, true, "knows no token"), (200, false, "knows no token")])
    func aTokenThatOnlyLetsInIsShownToNobodyUnproven(_ status: Int, _ isProven: Bool, _ part: String) async throws {
        let other = try TestCluster()
        let info = isProven ? cluster.info([]) : other.info([])
        let shown = Mutex(0)
        var discovery = try discovery { _, _ in info }
        discovery.show = { _, _, _ in
            shown.withLock { $0 += 1 }
            return status
        }
        #expect(await problem(discovery).contains(part))
        #expect(shown.withLock { $0 } == (isProven ? 1 : 0))
    }

    @Test func aSignatureThatComesAMomentLaterIsAwaited() async throws {
        let answers = Mutex([cluster.info([]), cluster.info([]), cluster.info([token])])
        let last = cluster.info([token])
        let text = await problem(try discovery { _, _ in answers.withLock { $0.isEmpty ? last : $0.removeFirst() } })
        #expect(text == "believed \(TestCluster.server)")
    }

    /// Who signs has just died, and another takes over.
    @Test func aSignatureOfATokenThatLetsInIsAwaitedLonger() async throws {
        let answers = Mutex(Array(repeating: cluster.info([]), count: 30))
        let last = cluster.info([token])
        var discovery = try discovery { _, _ in answers.withLock { $0.isEmpty ? last : $0.removeFirst() } }
        discovery.show = { _, _, _ in 200 }
        #expect(await problem(discovery) == "believed \(TestCluster.server)")
    }

    @Test func aWrongDigestIsNamed() async throws {
        let wrong = "sha256:" + String(repeating: "a", count: 64)
        let info = cluster.info([token])
        let text = await problem(try discovery(hashes: [wrong]) { _, _ in info })
        let right = try cluster.hash
        #expect(text.contains("--discovery-token-ca-cert-hash says \(wrong)") && text.contains(right))
        // Without digests whoever knows the token is believed.
        #expect(await problem(try discovery(hashes: []) { _, _ in info }).hasPrefix("believed"))
    }

    @Test func aServerThatIsNotThereIsNamedAtOnceAndAtTheEnd() async throws {
        let said = Mutex<[String]>([])
        let text = await problem(
            try discovery(say: { line in said.withLock { $0.append(line) } }) { server, _ in
                throw TransportError(kind: .refused, server: server, cause: "nothing listens there")
            })
        #expect(text.contains("was refused: nothing listens there") && text.contains("firewall"))
        let lines = said.withLock { $0 }
        #expect(lines.count == 1 && lines[0].contains("was refused") && lines[0].hasSuffix("trying again for 5m0s"))
    }

    @Test func aPortWithoutTLSIsNotTriedForLong() async throws {
        let text = await problem(
            try discovery { server, _ in throw TransportError(kind: .tls, server: server, cause: "the server does not speak TLS") })
        #expect(text.contains("is no API server: the server does not speak TLS"))
    }

    @Test(arguments: [
        (-86400, "behind the API server's"), (12 * 365 * 86400, "ahead of the API server's"),
    ])
    func clocksThatDifferAreNamed(_ shift: Int64, _ part: String) async throws {
        let info = cluster.info([token])
        let text = await problem(try discovery(time: Self.time(TestCluster.start + shift)) { _, _ in info })
        #expect(text.contains(part) && text.contains("set this machine's clock"))
    }

    @Test func aServerWithoutProofIsNotBelieved() async throws {
        let info = cluster.info([token])
        let refusing: ClusterInfoSource = { server, authority in
            if authority == nil { return info }
            throw TransportError(kind: .tls, server: server, cause: "not signed by the expected authority")
        }
        #expect(await problem(try discovery(refusing)).contains("cannot prove that it belongs to the cluster"))
        // With clocks an hour apart they are the likelier reason.
        let text = await problem(try discovery(time: Self.time(TestCluster.start + 3600), refusing))
        #expect(text.contains("3600 seconds ahead of"))
    }

    @Test func twoDescriptionsAreSuspicious() async throws {
        let info = cluster.info([token])
        let text = await problem(
            try discovery { _, authority in
                var answer = info
                if authority != nil { answer.data["kubeconfig"]? += "\n" }
                return answer
            })
        #expect(text.contains("in two ways"))
    }

    @Test func signaturesAreChecked() throws {
        let content = Array("kubeconfig".utf8)
        let good = TestSignature.make(content, token: token)
        #expect(DetachedJWS.isValid(good, content: content, token: token))
        #expect(!DetachedJWS.isValid(good, content: content + [0], token: token))
        for text in ["abcdef.0123456789abcdee", "abcdeg.0123456789abcdef"] {
            #expect(!DetachedJWS.isValid(good, content: content, token: try #require(BootstrapToken(text))))
        }
        #expect(!DetachedJWS.isValid(TestSignature.make(content, token: token, algorithm: "none"), content: content, token: token))
        #expect(!DetachedJWS.isValid("", content: content, token: token) && !DetachedJWS.isValid("a.b.c", content: content, token: token))
    }

    @Test(arguments: [
        ("Sun, 06 Nov 1994 08:49:37 GMT", Int64(784_111_777)), ("Thu, 01 Jan 1970 00:00:00 GMT", 0), ("Sunday, 06-Nov-94 08:49:37 GMT", nil),
        ("Sun, 06 Nov 1994 25:49:37 GMT", nil), ("", nil),
    ])
    func datesOfHTTP(_ text: String, _ seconds: Int64?) {
        #expect(ClockSkew.seconds(httpDate: text) == seconds)
    }

    @Test(arguments: [(401, true), (403, true), (404, false), (503, false)])
    func answersThatWillNotChangeEndTheSearch(_ status: Int, _ isFinal: Bool) {
        do {
            _ = try ClusterInfoRequest.read(HTTPResponseData(status: status), "s")
            Issue.record("\(status) should be an error")
        } catch {
            #expect((error is KubeadmError) == isFinal)
        }
    }
}
