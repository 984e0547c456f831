import CoreV1
import JSON
import KubernetesAPI
import KubernetesClient
import Logging
import PKI
import Synchronization
import Testing

@testable import Kubelet

@Suite("Who may do what at the kubelet's port")
struct KubeletAccessTests {
    @Test(
        arguments: [
            ("GET", "/healthz", "get", ["healthz", "proxy"]), ("GET", "/healthz/ping", "get", ["healthz", "proxy"]),
            ("GET", "/configz", "get", ["configz", "proxy"]), ("GET", "/pods", "get", ["pods", "proxy"]),
            ("GET", "/pods/", "get", ["pods", "proxy"]),
            ("GET", "/runningpods/", "get", ["pods", "proxy"]), ("GET", "/stats/summary", "get", ["stats"]), ("GET", "/stats", "get", ["stats"]),
            ("GET", "/metrics", "get", ["metrics"]), ("GET", "/metrics/cadvisor", "get", ["metrics"]), ("GET", "/logs/kubelet.log", "get", ["log"]),
            ("POST", "/checkpoint/ns/p/c", "create", ["checkpoint"]), ("GET", "/statusz", "get", ["statusz"]), ("GET", "/flagz", "get", ["flagz"]),
            ("GET", "/containerLogs/ns/p/c", "get", ["proxy"]), ("POST", "/exec/ns/p/c", "create", ["proxy"]),
            ("GET", "/exec/ns/p/c", "get", ["proxy"]), ("POST", "/run/ns/p/c", "create", ["proxy"]), ("PUT", "/x", "update", ["proxy"]),
            ("PATCH", "/x", "patch", ["proxy"]), ("DELETE", "/x", "delete", ["proxy"]), ("TRACE", "/pods", "", ["pods", "proxy"]),
            // Only whole names count.
            ("GET", "/metricsx", "get", ["proxy"]), ("GET", "/pod", "get", ["proxy"]), ("GET", "/", "get", ["proxy"]),
            ("GET", "/stats/../exec/ns/p/c", "get", ["stats"]),
        ])
    func actions(_ method: String, _ path: String, _ verb: String, _ subresources: [String]) {
        let action = KubeletAction(method: method, path: path)
        #expect(action.verb == verb && action.subresources == subresources)
    }

    /// An API server that knows one token and answers reviews by a table of "user verb subresource".
    private final class Reviews: Transport {
        let asked = Mutex<[JSONValue]>([])
        let isDown = Mutex(false)
        let allowed: Set<String>

        init(_ allowed: Set<String> = []) { self.allowed = allowed }

        func send(_ request: HTTPRequestData) async throws -> HTTPResponseData {
            if isDown.withLock({ $0 }) { throw TransportError(kind: .refused, server: "test", cause: "down") }
            var review = try JSONValue(parsing: request.body)
            asked.withLock { $0.append(review) }
            if request.path.hasSuffix("tokenreviews") {
                review["status"] =
                    review["spec"]?["token"] == "good"
                    ? [
                        "authenticated": true,
                        "user": ["username": "ana", "uid": "7", "groups": ["devs", "system:authenticated"], "extra": ["example.com/a": ["1"]]],
                    ] : ["user": [:]]
            } else {
                let spec = review["spec"] ?? [:]
                let line =
                    "\(spec["user"]?.stringValue ?? "") \(spec["resourceAttributes"]?["verb"]?.stringValue ?? "") "
                    + (spec["resourceAttributes"]?["subresource"]?.stringValue ?? "")
                review["status"] = ["allowed": .bool(allowed.contains(line))]
            }
            return HTTPResponseData(status: 201, body: review.serialized())
        }

        func stream(_ request: HTTPRequestData) async throws -> (
            status: Int, headers: [(String, String)], body: AsyncThrowingStream<[UInt8], any Error>
        ) {
            throw CancellationError()
        }

        var count: Int { asked.withLock { $0.count } }
    }

    private static let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    private func access(_ reviews: Reviews, _ time: TimeSource = .system) -> KubeletDelegatedAccess {
        KubeletDelegatedAccess(client: Client(transport: reviews, userAgent: "test"), node: "node-1", time: time, logger: Self.quiet)
    }

    @Test(
        arguments: [
            ("Bearer good", "ana"), ("bearer  good", "ana"), ("Bearer bad", nil), ("Bearer ", nil), ("Bearer", nil), ("Basic good", nil),
            ("good", nil),
            (nil, nil),
        ] as [(String?, String?)])
    func credentials(_ authorization: String?, _ user: String?) async {
        let authentication = access(Reviews()).authentication()
        #expect(await authentication.identity(certificate: nil, authorization: authorization)?.name == user)
        // A certificate that TLS has verified counts before a token does.
        let certificate = ClientIdentity(name: "eve", groups: [])
        #expect(await authentication.identity(certificate: certificate, authorization: authorization)?.name == "eve")
        // Nobody becomes anonymous by a token that does not count.
        let open = access(Reviews()).authentication(allowsAnonymous: true)
        #expect(await open.identity(certificate: nil, authorization: authorization)?.name == (authorization == nil ? "system:anonymous" : user))
    }

    @Test(
        arguments: [
            ("GET", "/metrics", true), ("GET", "/stats/summary", false), ("GET", "/pods", true), ("GET", "/healthz", true),
            ("GET", "/containerLogs/a/b/c", true), ("POST", "/exec/a/b/c", false), ("TRACE", "/pods", false),
        ])
    func theServerDecides(_ method: String, _ path: String, _ isAllowed: Bool) async throws {
        let reviews = Reviews(["ana get metrics", "ana get pods", "ana get proxy"])
        let identity = ClientIdentity(name: "ana", groups: ["devs"])
        #expect(try await access(reviews).authorizer.allows(identity, KubeletAction(method: method, path: path)) == isAllowed)
        let administrator = ClientIdentity(name: "x", groups: ["system:masters"])
        #expect(try await access(Reviews()).authorizer.allows(administrator, KubeletAction(method: method, path: path)))
    }

    @Test func whatTheServerIsAsked() async throws {
        let reviews = Reviews()
        let access = access(reviews)
        let identity = try #require(await access.authentication().identity(certificate: nil, authorization: "Bearer good"))
        _ = try await access.authorizer.allows(identity, KubeletAction(method: "GET", path: "/metrics"))
        let spec = try #require(reviews.asked.withLock { $0.last }?["spec"])
        #expect(
            spec == [
                "user": "ana", "uid": "7", "groups": ["devs", "system:authenticated"], "extra": ["example.com/a": ["1"]],
                "resourceAttributes": ["verb": "get", "version": "v1", "resource": "nodes", "subresource": "metrics", "name": "node-1"],
            ])
    }

    @Test func answersCountForAWhileAndFailuresDoNot() async throws {
        let clock = ManualClock()
        let reviews = Reviews(["ana get metrics"])
        let access = access(reviews, clock.timeSource)
        func token(_ token: String) async -> Bool { await access.authentication().identify?(token) != nil }
        func may(_ path: String) async throws -> Bool {
            try await access.authorizer.allows(ClientIdentity(name: "ana", groups: []), KubeletAction(method: "GET", path: path))
        }
        for (life, question) in [
            (120, { await token("good") }), (10, { !(await token("bad")) }), (300, { try await may("/metrics") }),
            (30, { !(try await may("/stats")) }),
        ] as [(Int, () async throws -> Bool)] {
            let before = reviews.count
            #expect(try await question())
            clock.advance(by: .seconds(life - 1))
            #expect(try await question())
            #expect(reviews.count == before + 1)
            clock.advance(by: .seconds(1))
            #expect(try await question())
            #expect(reviews.count == before + 2)
        }
        clock.advance(by: .seconds(1000))
        reviews.isDown.withLock { $0 = true }
        #expect(!(await token("good")))
        await #expect(throws: (any Error).self) { try await may("/metrics") }
        reviews.isDown.withLock { $0 = false }
        #expect(await token("good"))
        #expect(try await may("/metrics"))
    }

    @Test("The whole way: TLS, a token of a service account, roles of the cluster")
    func theWholeWay() async throws {
        try await SmallCluster.run(FakeRuntime()) { cluster in
            try await cluster.withServer { connection, authority in
                func call(_ path: String, token: String? = nil, user: CertificateSpec? = nil) async throws -> Int {
                    var connection = connection
                    connection.token = token
                    if let user {
                        let (certificate, key) = try authority.issue(user, now: TimeSource.system.wallMicroseconds() / 1_000_000)
                        connection.clientCertificate = .data(try certificate.pem())
                        connection.clientKey = .data(try key.pem())
                    }
                    let transport = try HTTPSTransport(connection, logger: Self.quiet)
                    let status = try await transport.send(HTTPRequestData(path: path)).status
                    await transport.shutdown()
                    return status
                }
                let watcher = try await cluster.token("watcher", may: ["nodes/metrics", "nodes/healthz"])
                let operator_ = try await cluster.token("operator", may: ["nodes/proxy"])
                let nobody = try await cluster.token("nobody", may: [])
                for (token, path, status) in [
                    (nil, "/healthz", 401), ("nonsense", "/healthz", 401), (nobody, "/healthz", 403), (watcher, "/healthz", 200),
                    (watcher, "/metrics", 200), (watcher, "/pods", 403), (watcher, "/stats/summary", 403), (watcher, "/containerLogs/a/b/c", 403),
                    (operator_, "/pods", 200), (operator_, "/healthz", 200), (operator_, "/metrics", 403), (operator_, "/nowhere", 404),
                ] as [(String?, String, Int)] {
                    #expect(try await call(path, token: token) == status, "\(path) \(status)")
                }
                #expect(try await call("/metrics", user: .client(user: "kube-apiserver", groups: ["system:masters"])) == 200)
                #expect(try await call("/metrics", user: .client(user: "ana")) == 403)
                // The port without authentication is not there.
                #expect(try await call("/metrics") == 401)
            }
        }
    }
}
