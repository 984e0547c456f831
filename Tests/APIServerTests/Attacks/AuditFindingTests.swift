import JSON
import KubernetesAPI
import KubernetesClient
import Logging
import NIOCore
import NIOHTTP1
import PKI
import Synchronization
import Testing

@testable import APIServer

extension Attacks {
    /// What the two published audits of Kubernetes, of 2019 and of 2022, found about the API server and kubelets, one test each; those that other files
    /// show are not repeated.
    @Suite struct AuditFindingTests {
        /// A kubelet that would like to be more: it tells the headers that it was sent, and sends the API server elsewhere.
        private final class CuriousKubelet: RequestHandler {
            let seen = Mutex<[(path: String, headers: HTTPHeaders)]>([])
            let elsewhere: String

            init(elsewhere: String) { self.elsewhere = elsewhere }

            func handle(_ request: APIRequest, _ responder: any Responder) {
                // The server asks for usage by itself now and then: on a slow machine while a test runs.
                if request.path != "/metrics/resource" { seen.withLock { $0.append((request.path, request.headers)) } }
                if request.path.contains("stolen") || request.path.contains("headers") {
                    responder.respond(status: 200, headers: [:], body: Array("seen".utf8))
                } else {
                    responder.respond(status: 302, headers: ["Location": elsewhere], body: [])
                }
            }
        }

        /// A node `n1` whose kubelet is the curious one, with a pod on it.
        private func withKubelet(
            trusted: Bool = true, frontProxy: AuthenticationOptions.FrontProxy? = nil,
            _ body: @escaping @Sendable (WholeServer, CuriousKubelet) async throws -> Void
        ) async throws {
            try await WholeServer.with({ $0.authentication.frontProxy = frontProxy }) { whole in
                let now = systemSeconds()
                let authority = trusted ? whole.authority : try CertificateAuthority.create(commonName: "kubernetes", now: now)
                let (certificate, key) = try authority.issue(.serving("system:node:n1", dnsNames: ["n1"], ipAddresses: ["127.0.0.1"]), now: now)
                let curious = CuriousKubelet(elsewhere: "https://127.0.0.1:\(whole.port)/stolen")
                let kubelet = try HTTPServer(
                    configuration: .init(
                        address: "127.0.0.1", port: 0, tls: HTTPServerTLS(certificateChain: try certificate.pem(), privateKey: try key.pem()),
                        eventLoops: 1),
                    handler: curious, judge: ClientCertificateJudge(authorities: [whole.authority.certificate]).judge,
                    logger: Logger(label: "kubelet"))
                let port = Int64(try #require(try await kubelet.start().port))
                let admin = WholeServer.admin
                _ = try await whole.call(.POST, "/api/v1/nodes", ["metadata": ["name": "n1"]], user: admin)
                _ = try await whole.call(.POST, "/api/v1/namespaces/default/serviceaccounts", ["metadata": ["name": "default"]], user: admin)
                let status: JSONValue = [
                    "addresses": [["type": "InternalIP", "address": "127.0.0.1"]], "daemonEndpoints": ["kubeletEndpoint": ["Port": .integer(port)]],
                ]
                _ = try await whole.call(
                    .PATCH, "/api/v1/nodes/n1/status", ["status": status], user: admin, headers: ["Content-Type": "application/merge-patch+json"])
                _ = try await whole.call(
                    .POST, "/api/v1/namespaces/default/pods",
                    [
                        "metadata": ["name": "p"],
                        "spec": ["nodeName": "n1", "containers": [["name": "c", "image": "i", "ports": [["containerPort": 80]]]]],
                    ], user: admin)
                do {
                    try await body(whole, curious)
                } catch {
                    await kubelet.stop()
                    throw error
                }
                await kubelet.stop()
            }
        }

        /// 2022: a kubelet redirects the API server's request to another server, with the API server's certificate.
        @Test func aKubeletCannotSendTheServerElsewhere() async throws {
            try await withKubelet { whole, curious in
                let log = try await whole.call(.GET, "/api/v1/namespaces/default/pods/p/log", user: WholeServer.admin)
                #expect(log.status == 502, "\(log.text)")
                #expect(log.headers.first(name: "location") == nil)
                #expect(curious.seen.withLock { $0.map(\.path) } == ["/containerLogs/default/p/c"])
            }
        }

        /// 2022: a webhook redirects what it is asked, reviews and credentials included, to another server.
        @Test func aWebhookCannotSendItsQuestionElsewhere() async throws {
            let curious = CuriousKubelet(elsewhere: "/stolen")
            let webhook = try HTTPServer(
                configuration: .init(address: "127.0.0.1", port: 0, tls: nil, eventLoops: 1), handler: curious, judge: { _ in .absent },
                logger: Logger(label: "webhook"))
            let port = try #require(try await webhook.start().port)
            let transport = try HTTPSTransport(ServerConnection(server: "http://127.0.0.1:\(port)"), logger: Logger(label: "test"))
            let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
            var settings = WebhookAuthorizer.Settings()
            settings.timeout = .seconds(5)
            let authorizer = WebhookAuthorizer(transport: transport, path: "/authorize", settings: settings, logger: quiet)
            let decision = authorizer.authorize(AuthorizationAttributes(user: UserInfo(name: "ana"), verb: "get", resource: "pods"))
            if case .later(let answer) = decision { #expect(await !answer().isAllowed) } else { Issue.record("nobody was asked") }
            let paths = curious.seen.withLock { $0.map(\.path) }
            #expect(!paths.isEmpty && paths.allSatisfy { $0 == "/authorize" }, "\(paths)")
            await transport.shutdown()
            await webhook.stop()
        }

        /// 2022: headers that say who somebody is are passed on to the backends of a proxy.
        @Test func identitiesStopAtTheServer() async throws {
            try await withKubelet { whole, curious in
                let headers: HTTPHeaders = [
                    "X-Remote-User": "root", "x-remote-group": "system:masters", "X-Remote-Extra-A": "b", "X-Remote-Uid": "1",
                    "Impersonate-User": "kubernetes-admin",
                    "Impersonate-Group": "system:masters", "Proxy-Authorization": "Basic YTpi", "X-Kept": "yes",
                    "Connection": "X-Forwarded-For",
                ]
                let reply = try await whole.call(.GET, "/api/v1/nodes/n1/proxy/headers", user: WholeServer.admin, headers: headers)
                #expect(reply.status == 200, "\(reply.text)")
                let names = curious.seen.withLock { $0.first?.headers.map { $0.name.lowercased() } ?? [] }
                #expect(names.contains("x-kept"))
                for name in names {
                    #expect(!name.hasPrefix("x-remote-") && !name.hasPrefix("impersonate-") && !name.contains("authorization"), "\(name)")
                }
            }
        }

        /// 2022: only the usual names of those headers are known when they are taken off, and not those that this server was told of.
        @Test func identitiesUnderOtherNamesStopToo() async throws {
            let proxies = try CertificateAuthority.create(commonName: "front-proxy-ca", now: systemSeconds())
            let headers = FrontProxyHeaders(
                userHeaders: ["X-Corp-User"], uidHeaders: ["X-Corp-Uid"], groupHeaders: ["X-Corp-Team"], extraPrefixes: ["X-Corp-More-"])
            try await withKubelet(frontProxy: .init(authorities: [proxies.certificate], headers: headers)) { whole, curious in
                let sent: HTTPHeaders = [
                    "X-Corp-User": "root", "x-corp-team": "system:masters", "X-Corp-Uid": "1", "X-Corp-More-A": "b", "X-Corp-Kept": "yes",
                    "X-Remote-User": "root",
                ]
                let reply = try await whole.call(.GET, "/api/v1/nodes/n1/proxy/headers", user: WholeServer.admin, headers: sent)
                #expect(reply.status == 200, "\(reply.text)")
                let names = curious.seen.withLock { $0.first?.headers.map { $0.name.lowercased() } ?? [] }
                #expect(names.filter { $0.hasPrefix("x-corp-") || $0.hasPrefix("x-remote-") } == ["x-corp-kept"])
            }
        }

        /// 2022: what a client says of where it comes from is passed on in place of what the server knows.
        @Test func whereARequestComesFrom() throws {
            var request = APIRequest(
                method: "GET", path: "/api/v1/namespaces/ns/services/s/proxy/a", uri: "/api/v1/namespaces/ns/services/s/proxy/a?b",
                headers: [
                    "Host": "server", "X-Forwarded-Uri": "/admin", "X-Forwarded-Host": "elsewhere", "X-Forwarded-Proto": "http",
                    "X-Forwarded-For": "10.0.0.1", "Connection": "close, X-Secret", "X-Secret": "1", "Proxy-Authorization": "Basic YTpi",
                    "TE": "trailers",
                ], connection: ClientConnection(remoteAddress: "192.0.2.9", certificate: .absent))
            let backend = Backend(host: "10.244.0.3", port: 80, security: .plain, uri: "/a?b")
            let headers = RelayHeaders.request(request, to: backend, isUpgrade: false, forwarded: true)
            for (name, value) in [
                ("X-Forwarded-Uri", request.uri), ("X-Forwarded-Host", "server"), ("X-Forwarded-Proto", "https"),
                ("X-Forwarded-For", "10.0.0.1, 192.0.2.9"), ("Host", "10.244.0.3:80"), ("Connection", "close"),
            ] { #expect(headers[name] == [value], "\(name): \(headers[name])") }
            for name in ["X-Secret", "Proxy-Authorization", "TE"] { #expect(!headers.contains(name: name), "\(name)") }
            // Nothing that a client sends makes it look as if the request had come from elsewhere.
            request.connection = nil
            request.headers.remove(name: "X-Forwarded-For")
            #expect(!RelayHeaders.request(request, to: backend, isUpgrade: false, forwarded: true).contains(name: "X-Forwarded-For"))
        }

        /// 2019, 2022: the API server talks to a kubelet whose certificate it has not checked.
        @Test func aKubeletShowsACertificateOfTheCluster() async throws {
            try await withKubelet(trusted: false) { whole, curious in
                let proxied = try await whole.call(.GET, "/api/v1/nodes/n1/proxy/headers", user: WholeServer.admin)
                #expect(proxied.status == 503)
                let log = try await whole.call(.GET, "/api/v1/namespaces/default/pods/p/log", user: WholeServer.admin)
                #expect(log.status == 500)
                #expect(curious.seen.withLock { $0.isEmpty })
            }
        }

        /// 2019, 2022: whoever reports a pod's or node's address sends the API server to itself or to the machine's metadata service.
        @Test func addressesThatLeadBackHere() async throws {
            try await withKubelet { whole, _ in
                let admin = WholeServer.admin
                for address in [
                    "127.0.0.1", "169.254.169.254", "0.0.0.0", "224.0.0.1", "255.255.255.255", "::1", "fe80::1", "::ffff:127.0.0.1", "ff02::1",
                ] {
                    _ = try await whole.call(
                        .PATCH, "/api/v1/namespaces/default/pods/p/status",
                        ["status": ["podIP": .string(address), "podIPs": [["ip": .string(address)]]]], user: admin,
                        headers: ["Content-Type": "application/merge-patch+json"])
                    let reply = try await whole.call(.GET, "/api/v1/namespaces/default/pods/p:\(whole.port)/proxy/", user: admin)
                    #expect(reply.status == 400 && reply.json["message"]?.stringValue == "address not allowed", "\(address): \(reply.text)")
                }
                // Nor any other port of a node that says it is here.
                let node = try await whole.call(.GET, "/api/v1/nodes/n1:\(whole.port)/proxy/", user: admin)
                #expect(node.status == 400 && node.json["message"]?.stringValue == "address not allowed", "\(node.text)")
            }
            for (text, good) in [
                ("10.244.0.3", true), ("192.0.2.1", true), ("2001:db8::1", true), ("fd00::1", true), ("::ffff:10.0.0.1", true), ("::", false),
            ] {
                #expect(IPAddress(text)?.isGlobalUnicast == good, "\(text)")
            }
        }

        /// 2019: tokens in logs. 2022: bootstrap tokens that were not right in logs.
        @Test func noLogHoldsACredential() async throws {
            let lines = LogLines()
            try await WholeServer.$logger.withValue(lines.logger) { try await WholeServer.with { try await showCredentials($0, lines) } }
        }

        private func showCredentials(_ whole: WholeServer, _ lines: LogLines) async throws {
            let token = try await whole.account("robot")
            let forged = String(token.dropLast(4)) + "AAAA"
            let secrets = [token, forged, "abcdef.0123456789abcdef", "not-a-token-at-all-4711", "dXNlcjpwYXNzd29yZA"]
            for secret in secrets {
                _ = try await whole.call(.GET, "/api/v1/namespaces/default/secrets", headers: WholeServer.bearer(secret))
                _ = try await whole.call(.GET, "/version", headers: ["Authorization": "Basic \(secret)"])
                _ = try await whole.call(
                    .GET, "/version",
                    headers: [
                        "Upgrade": "websocket",
                        "Sec-WebSocket-Protocol": "base64url.bearer.authorization.k8s.io.\(Base64URL.encode(Array(secret.utf8)))",
                    ])
                _ = try await whole.call(
                    .POST, "/apis/authentication.k8s.io/v1/tokenreviews", ["spec": ["token": .string(secret)]], user: WholeServer.admin)
                _ = try await whole.call(
                    .POST, "/api/v1/namespaces/default/secrets",
                    ["metadata": ["name": .string("s")], "type": "no/such/type/at all", "stringData": ["a": .string(secret)]], user: WholeServer.admin
                )
            }
            let written = lines.text
            // Refusals are told, and by whom.
            #expect(written.contains("credential rejected"))
            for secret in secrets {
                #expect(!written.contains(secret))
                // Not even in part: a token's signature, a bootstrap token's secret half.
                for part in secret.split(separator: ".") where part.utf8.count > 8 && !part.hasPrefix("eyJ") {
                    #expect(!written.contains(part), "\(part)")
                }
            }
        }

        /// 2019: numbers that are too large for where they are put. Each is refused in words; none ends the process.
        @Test func numbersThatAreTooLarge() async throws {
            try await withKubelet { whole, _ in
                let huge = [
                    "2147483648", "4294967297", "9223372036854775807", "9223372036854775808", "99999999999999999999999", "-1", "1e400", "0x10",
                ]
                let pods = "/api/v1/namespaces/default/pods"
                for number in huge {
                    for path in [
                        "/api/v1/nodes/n1:\(number)/proxy/", "\(pods)/p:\(number)/proxy/",
                        "\(pods)/p/log?tailLines=\(number)&limitBytes=\(number)&sinceSeconds=\(number)",
                        "\(pods)?limit=\(number)", "\(pods)?resourceVersion=\(number)", "\(pods)/p/portforward?ports=\(number)",
                    ] {
                        let reply = try await whole.call(.GET, path, user: WholeServer.admin)
                        #expect(reply.status < 600 && reply.status != 0, "\(path)")
                    }
                    let body =
                        #"{"metadata":{"name":"big"},"spec":{"containers":[{"name":"c","image":"i","ports":[{"containerPort":\#(number)}]}],"terminationGracePeriodSeconds":\#(number),"priority":\#(number)}}"#
                    guard let tree = try? JSONValue(parsing: Array(body.utf8)) else { continue }
                    let reply = try await whole.call(.POST, pods, tree, user: WholeServer.admin)
                    #expect((400..<500).contains(reply.status), "\(number): \(reply.text.prefix(200))")
                    let token = try await whole.call(
                        .POST, "/api/v1/namespaces/default/serviceaccounts/default/token",
                        ["spec": ["expirationSeconds": tree["spec"]?["priority"] ?? nil]],
                        user: WholeServer.admin)
                    // Up to 2^32 seconds may be asked for.
                    #expect(number == "2147483648" ? token.status == 201 : (400..<500).contains(token.status), "\(number): \(token.text.prefix(200))")
                }
                #expect(try await whole.call(.GET, "/readyz").status == 200)
            }
        }

        /// 2019: documents put together from strings.
        @Test func whatAClientSaysIsQuoted() async throws {
            try await WholeServer.with { whole in
                for name in ["a%22b", "%22,%22code%22:200,%22x%22:%22", "%5C", "%0a%0d", "%3Cscript%3E", "%7B%7D", "%E2%80%A8"] {
                    let reply = try await whole.call(.GET, "/api/v1/namespaces/default/configmaps/\(name)", user: WholeServer.admin)
                    #expect(
                        reply.json["kind"]?.stringValue == "Status" && reply.json["code"]?.integerValue == Int64(reply.status),
                        "\(name): \(reply.text)")
                    #expect(reply.headers.first(name: "content-type")?.hasPrefix("application/json") == true)
                    let refused = try await whole.call(.GET, "/api/v1/namespaces/default/configmaps/\(name)", user: .client(user: #"a"},{"b"#))
                    #expect(refused.json["code"]?.integerValue == 403, "\(refused.text)")
                }
            }
        }
    }
}

/// Keeps all that is logged, of every level.
final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])

    var text: String { lines.withLock { $0.joined(separator: "\n") } }

    var logger: Logger {
        var logger = Logger(label: "test") { _ in Handler(lines: self) }
        logger.logLevel = .trace
        return logger
    }

    private struct Handler: LogHandler {
        let lines: LogLines
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace
        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            lines.lines.withLock { $0.append("\(event.level) \(event.message) \(metadata) \(event.metadata ?? [:])") }
        }

        init(lines: LogLines) { self.lines = lines }
    }
}
