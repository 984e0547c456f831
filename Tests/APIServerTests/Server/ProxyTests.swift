import JSON
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import PKI
import Synchronization
import Testing

@testable import APIServer

/// Stands for a kubelet: logs, an error, and a protocol that gives back in capitals what it is sent.
private final class FakeKubelet: RequestHandler {
    let seen = Mutex<[String]>([])
    let upgrades = Mutex<[String]>([])

    func handle(_ request: APIRequest, _ responder: any Responder) {
        guard case .verified(let user, _)? = request.connection?.certificate, user.groups == ["system:masters"] else {
            responder.respond(status: 401, headers: [:], body: Array("no certificate".utf8))
            return
        }
        // The server asks for usage by itself now and then: on a slow machine while a test runs.
        if request.path != "/metrics/resource" { seen.withLock { $0.append(request.uri) } }
        if request.path.hasPrefix("/containerLogs/default/web/main") {
            if request.query["previous"] != nil {
                responder.respond(status: 400, headers: [:], body: Array("previous terminated container \"main\" not found".utf8))
                return
            }
            let writer = responder.stream(status: 200, headers: ["Content-Type": "text/plain"])
            for line in 0..<3 { writer.write(Array("line \(line)\n".utf8)) }
            writer.finish()
        } else if let tunnel = responder.tunnel {
            let words = [
                request.method, request.headers.first(name: "Upgrade") ?? "", request.headers.first(name: "X-Stream-Protocol-Version") ?? "",
            ]
            upgrades.withLock { $0.append(words.joined(separator: " ")) }
            tunnel.open(status: 101, headers: ["Upgrade": request.headers.first(name: "Upgrade") ?? "", "Connection": "Upgrade"]) { Shout() }
        } else {
            let forwarded = request.headers.first(name: "X-Forwarded-Uri") ?? ""
            responder.respond(status: 200, headers: ["X-Seen": forwarded], body: Array("\(request.method) \(request.uri)".utf8) + request.body)
        }
    }
}

private final class Shout: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let text = String(buffer: unwrapInboundIn(data)).uppercased()
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
    }
}

@Suite struct ProxyTests {
    /// A server with a node, whose kubelet is the fake one, and a pod there.
    private func withNode(_ body: @escaping @Sendable (WholeServer, FakeKubelet) async throws -> Void) async throws {
        try await WholeServer.with { whole in
            let (certificate, key) = try whole.authority.issue(
                .serving("system:node:n1", dnsNames: ["n1"], ipAddresses: ["127.0.0.1"]), now: systemSeconds())
            let fake = FakeKubelet()
            let kubelet = try HTTPServer(
                configuration: .init(
                    address: "127.0.0.1", port: 0, tls: HTTPServerTLS(certificateChain: try certificate.pem(), privateKey: try key.pem()),
                    eventLoops: 1),
                handler: fake, judge: ClientCertificateJudge(authorities: [whole.authority.certificate]).judge, logger: Logger(label: "kubelet"))
            let port = try #require(try await kubelet.start().port)
            let admin = WholeServer.admin
            let node = try await whole.call(.POST, "/api/v1/nodes", ["metadata": ["name": "n1"]], user: admin)
            #expect(node.status == 201, "\(node.text)")
            let status = try await whole.call(
                .PATCH, "/api/v1/nodes/n1/status",
                [
                    "status": [
                        "addresses": [["type": "InternalIP", "address": "127.0.0.1"]],
                        "daemonEndpoints": ["kubeletEndpoint": ["Port": .integer(Int64(port))]],
                    ]
                ], user: admin, headers: ["Content-Type": "application/merge-patch+json"])
            #expect(status.status == 200, "\(status.text)")
            _ = try await whole.call(.POST, "/api/v1/namespaces/default/serviceaccounts", ["metadata": ["name": "default"]], user: admin)
            for (name, containers) in [("web", ["main"]), ("two", ["a", "b"])] {
                let list = containers.map { name -> JSONValue in ["name": .string(name), "image": "x"] }
                let pod = try await whole.call(
                    .POST, "/api/v1/namespaces/default/pods",
                    ["metadata": ["name": .string(name)], "spec": ["nodeName": "n1", "containers": .array(list)]], user: admin)
                #expect(pod.status == 201, "\(pod.text)")
            }
            do {
                try await body(whole, fake)
            } catch {
                await kubelet.stop()
                throw error
            }
            await kubelet.stop()
        }
    }

    @Test func logsAndTheirErrors() async throws {
        try await withNode { whole, fake in
            let admin = WholeServer.admin
            func log(_ rest: String) async throws -> WholeServer.Reply {
                try await whole.call(.GET, "/api/v1/namespaces/default/pods/\(rest)", user: admin)
            }
            let log1 = try await log("web/log?tailLines=3&timestamps=true")
            #expect(log1.status == 200)
            #expect(log1.text == "line 0\nline 1\nline 2\n")
            #expect(fake.seen.withLock { $0 } == ["/containerLogs/default/web/main?timestamps=true&tailLines=3"])
            let previous = try await log("web/log?previous=true")
            #expect(previous.status == 400)
            #expect(previous.json["message"]?.stringValue == "previous terminated container \"main\" not found")
            #expect(
                try await log("two/log").json["message"]?.stringValue
                    == "a container name must be specified for pod two, choose one of: [a b]")
            #expect(try await log("web/log?container=x").json["message"]?.stringValue == "container x is not valid for pod web")
            #expect(try await log("gone/log").status == 404)
            #expect(try await log("web/log?tailLines=-1").status == 422)
            #expect(try await log("web/exec?command=ls&stdout=1").json["message"]?.stringValue == "Upgrade request required")
            #expect(try await whole.call(.GET, "/api/v1/namespaces/default/pods/web/log", user: WholeServer.ana).status == 403)
        }
    }

    @Test func nodesProxy() async throws {
        try await withNode { whole, _ in
            let admin = WholeServer.admin
            let got = try await whole.call(.GET, "/api/v1/nodes/n1/proxy/configz/a%20b?x=1", user: admin)
            #expect(got.text == "GET /configz/a%20b?x=1")
            #expect(got.headers.first(name: "x-seen") == "/api/v1/nodes/n1/proxy/configz/a%20b?x=1")
            let posted = try await whole.call(.POST, "/api/v1/nodes/n1/proxy/p", ["a": 1], user: admin)
            #expect(posted.text == #"POST /p{"a":1}"#)
            #expect(try await whole.call(.GET, "/api/v1/nodes/gone/proxy/", user: admin).status == 404)
            #expect(try await whole.call(.GET, "/api/v1/namespaces/default/pods/web/proxy/", user: admin).status == 400)
            #expect(try await whole.call(.GET, "/api/v1/namespaces/default/services/kubernetes/proxy/", user: admin).status != 200)
        }
    }

    /// A connection of the administrator on which anything can be said.
    private func connect(_ whole: WholeServer) async throws -> NIOAsyncChannel<ByteBuffer, ByteBuffer> {
        let (certificate, key) = try whole.authority.issue(WholeServer.admin, now: systemSeconds())
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(try whole.authority.certificate.pem()))
        tls.certificateChain = try NIOSSLCertificate.fromPEMBytes(try certificate.pem()).map { .certificate($0) }
        tls.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: try key.pem(), format: .pem))
        let context = try NIOSSLContext(configuration: tls)
        return try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: whole.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(try NIOSSLClientHandler(context: context, serverHostname: nil))
                    return try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
    }

    @Test(arguments: ["SPDY/3.1", "websocket"]) func aTunnelCarriesBytesBothWays(protocolName: String) async throws {
        try await withNode { whole, fake in
            try await connect(whole).executeThenClose { inbound, outbound in
                let head =
                    "POST /api/v1/namespaces/default/pods/web/exec?command=echo&command=a%20b&stdin=true&stdout=true&tty=false HTTP/1.1\r\n"
                    + "Host: localhost\r\nConnection: Upgrade\r\nUpgrade: \(protocolName)\r\nX-Stream-Protocol-Version: v4.channel.k8s.io\r\n\r\n"
                try await outbound.write(ByteBuffer(string: head))
                var iterator = inbound.makeAsyncIterator()
                var text = ""
                while !text.hasSuffix("\r\n\r\n"), let part = try await iterator.next() { text += String(buffer: part) }
                #expect(text.hasPrefix("HTTP/1.1 101 Switching Protocols\r\n"), "\(text)")
                #expect(text.contains("Upgrade: \(protocolName)"))
                var answer = ""
                for word in ["hello ", "world"] {
                    try await outbound.write(ByteBuffer(string: word))
                    let want = answer.utf8.count + word.utf8.count
                    while answer.utf8.count < want, let part = try await iterator.next() { answer += String(buffer: part) }
                }
                #expect(answer == "HELLO WORLD")
            }
            #expect(fake.seen.withLock { $0 } == ["/exec/default/web/main?input=1&output=1&command=echo&command=a%20b"])
        }
    }

    /// kubectl of today, in front of a kubelet that speaks only SPDY.
    @Test func webSocketsAreTranslated() async throws {
        try await withNode { whole, fake in
            func request(_ path: String, _ protocols: String) -> ByteBuffer {
                ByteBuffer(
                    string:
                        "GET /api/v1/namespaces/default/pods/web/\(path) HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                        + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: \(protocols)\r\n\r\n")
            }
            for (path, protocols, chosen, sent, expected) in [
                // An empty message of the output; a ping, and what comes back.
                (
                    "exec?command=ls&stdin=true&stdout=true", "v5.channel.k8s.io", "v5.channel.k8s.io", [0x89, 0x80, 0, 0, 0, 0],
                    [0x82, 1, 1, 0x8A, 0]
                ),
                // "hi", masked with nothing.
                (
                    "portforward?ports=80", "x, SPDY/3.1+portforward.k8s.io", "SPDY/3.1+portforward.k8s.io",
                    [0x82, 0x82, 0, 0, 0, 0, 0x68, 0x69], [0x82, 2, 0x48, 0x49]
                ),
            ] as [(String, String, String, [UInt8], [UInt8])] {
                try await connect(whole).executeThenClose { inbound, outbound in
                    try await outbound.write(request(path, protocols))
                    var iterator = inbound.makeAsyncIterator()
                    var got = ByteBuffer()
                    func head() -> String? {
                        let text = String(decoding: got.readableBytesView, as: UTF8.self)
                        return text.firstRange(of: "\r\n\r\n").map { String(text[..<$0.upperBound]) }
                    }
                    while head() == nil, let part = try await iterator.next() { got.writeImmutableBuffer(part) }
                    let text = try #require(head())
                    #expect(text.hasPrefix("HTTP/1.1 101 Switching Protocols\r\n") && text.contains("Upgrade: websocket\r\n"), "\(text)")
                    #expect(text.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"))
                    #expect(text.contains("Sec-WebSocket-Protocol: \(chosen)\r\n"))
                    got.moveReaderIndex(forwardBy: text.utf8.count)
                    try await outbound.write(ByteBuffer(bytes: sent))
                    while got.readableBytes < expected.count, let part = try await iterator.next() { got.writeImmutableBuffer(part) }
                    #expect(Array(got.readableBytesView.prefix(expected.count)) == expected)
                }
            }
            #expect(fake.upgrades.withLock { $0 } == ["POST SPDY/3.1 v4.channel.k8s.io", "POST SPDY/3.1 portforward.k8s.io"])
        }
    }

    @Test func proxyNames() {
        #expect(ProxyLocation.Target("web") == ProxyLocation.Target("web"))
        #expect(ProxyLocation.Target("https:web:443")?.scheme == "https")
        #expect(ProxyLocation.Target("web:http")?.port == "http")
        #expect(ProxyLocation.Target("ftp:web:1") == nil)
        #expect(ProxyLocation.Target("a:b:c:d") == nil)
        #expect(ProxyLocation.Target(":80") == nil)
    }
}
