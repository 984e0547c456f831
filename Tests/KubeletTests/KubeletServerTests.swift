import CoreV1
import Glibc
import JSON
import KubernetesAPI
import KubernetesClient
import Linux
import Logging
import NIOCore
import NIOEmbedded
import NIOHTTP1
import NIOSSL
import NIOTLS
import PKI
import Synchronization
import Testing

@testable import Kubelet

@Suite("The kubelet's port")
struct KubeletServerTests {
    private static let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    // MARK: Slow clients

    private func connection() throws -> (EmbeddedChannel, Answers) {
        let answers = Answers()
        let channel = EmbeddedChannel(handler: ServerConnection { _, response in answers.add(response) })
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        return (channel, answers)
    }

    @Test func aHandshakeThatNeverEnds() throws {
        let (channel, _) = try connection()
        channel.embeddedEventLoop.advanceTime(by: .seconds(9))
        #expect(channel.isActive)
        channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(!channel.isActive)
    }

    @Test func aRequestThatNeverEnds() throws {
        let (channel, _) = try connection()
        channel.pipeline.fireUserInboundEventTriggered(TLSUserEvent.handshakeCompleted(negotiatedProtocol: nil))
        channel.embeddedEventLoop.advanceTime(by: .seconds(80))
        try channel.writeInbound(HTTPServerRequestPart.head(HTTPRequestHead(version: .http1_1, method: .POST, uri: "/exec/a/b/c")))
        // Each byte is no new promise.
        for _ in 0..<5 {
            channel.embeddedEventLoop.advanceTime(by: .seconds(11))
            #expect(channel.isActive)
            try channel.writeInbound(HTTPServerRequestPart.body(ByteBuffer(string: "x")))
        }
        channel.embeddedEventLoop.advanceTime(by: .seconds(5))
        #expect(!channel.isActive)
    }

    @Test func anAnswerMayTakeItsTimeAndSilenceAfterwardsMayNot() throws {
        let (channel, answers) = try connection()
        channel.pipeline.fireUserInboundEventTriggered(TLSUserEvent.handshakeCompleted(negotiatedProtocol: nil))
        try channel.writeInbound(HTTPServerRequestPart.head(HTTPRequestHead(version: .http1_1, method: .GET, uri: "/containerLogs/a/b/c")))
        try channel.writeInbound(HTTPServerRequestPart.end(nil))
        #expect(answers.count == 1)
        channel.embeddedEventLoop.advanceTime(by: .hours(10))
        #expect(channel.isActive)
        try channel.writeOutbound(HTTPServerResponsePart.head(HTTPResponseHead(version: .http1_1, status: .ok)))
        try channel.writeOutbound(HTTPServerResponsePart.end(nil))
        channel.embeddedEventLoop.advanceTime(by: .seconds(89))
        #expect(channel.isActive)
        channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(!channel.isActive)
    }

    @Test func aBodyWithoutEnd() throws {
        let (channel, answers) = try connection()
        try channel.writeInbound(HTTPServerRequestPart.head(HTTPRequestHead(version: .http1_1, method: .POST, uri: "/exec/a/b/c")))
        try channel.writeInbound(HTTPServerRequestPart.body(ByteBuffer(repeating: 0, count: ServerConnection.bodyBytesMax)))
        #expect(channel.isActive)
        try channel.writeInbound(HTTPServerRequestPart.body(ByteBuffer(string: "x")))
        #expect(!channel.isActive && answers.count == 0)
    }

    // MARK: Reports

    @Test func settingsAndRunningPods() async throws {
        try await SmallCluster.run(FakeRuntime()) { cluster in
            try await cluster.create("web")
            _ = try await cluster.pod("web") { $0.status.phase == "Running" }
            try await cluster.withServer { connection, authority in
                let caller = try Caller(connection, authority)
                let settings = try await caller.get("/configz").tree["kubeletconfig"]
                #expect(settings?["clusterDomain"] == "cluster.local" && settings?["syncFrequency"] == "1m0s", "\(settings ?? nil)")
                #expect(settings?["maxPods"] == 110 && settings?["tlsMinVersion"] == "VersionTLS12")
                let running = try await caller.get("/runningpods/").tree
                #expect(running["kind"] == "PodList" && running["items"]?[0]?["metadata"]?["name"] == "web", "\(running)")
                #expect(running["items"]?[0]?["spec"]?["containers"]?[0]?["name"] == "app")
                #expect(running["items"]?[0]?["spec"]?["nodeName"] == nil)
                for path in ["/checkpoint/default/web/app", "/flagz", "/statusz", "/run/default/web/app"] {
                    #expect(try await caller.get(path).status == 404, "\(path)")
                }
                await caller.end()
            }
        }
    }

    @Test("Authorities of clients that have been replaced count for the next connection")
    func authoritiesAreReplaced() async throws {
        let now = TimeSource.system.wallMicroseconds() / 1_000_000
        let (first, second) = (
            try CertificateAuthority.create(commonName: "first", now: now), try CertificateAuthority.create(commonName: "second", now: now)
        )
        let (certificate, key) = try first.issue(.serving("n", dnsNames: ["n"], ipAddresses: []), now: now)
        var configuration = KubeletConfiguration(nodeName: "n")
        configuration.tlsCertificate = try certificate.pem()
        configuration.tlsPrivateKey = try key.pem()
        configuration.clientCA = try first.certificate.pem()
        let serving = try ServingCertificate(configuration)
        func lets(_ authority: CertificateAuthority) throws -> Bool {
            let (certificate, key) = try authority.issue(.client(user: "u"), now: now)
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.certificateVerification = .none
            tls.maximumTLSVersion = .tlsv12
            tls.certificateChain = try NIOSSLCertificate.fromPEMBytes(try certificate.pem()).map { .certificate($0) }
            tls.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: try key.pem(), format: .pem))
            return try Handshake.succeeds(server: serving.current, client: NIOSSLContext(configuration: tls))
        }
        #expect(try lets(first))
        #expect(try !lets(second))
        try serving.replace(clientAuthorities: try second.certificate.pem())
        #expect(try !lets(first))
        #expect(try lets(second))
        // What is no certificate changes nothing.
        #expect(throws: (any Error).self) { try serving.replace(clientAuthorities: Array("nothing".utf8)) }
        #expect(try lets(second))
        // Another serving certificate does not bring the old authorities back.
        let (renewed, renewedKey) = try first.issue(.serving("n", dnsNames: ["n"], ipAddresses: []), now: now)
        try serving.replace(certificate: try renewed.pem(), key: try renewedKey.pem())
        #expect(try !lets(first))
        #expect(try lets(second))
    }

    @Test func theLowestVersionOfTLS() throws {
        let now = TimeSource.system.wallMicroseconds() / 1_000_000
        let authority = try CertificateAuthority.create(commonName: "a", now: now)
        let (certificate, key) = try authority.issue(.serving("n", dnsNames: ["n"], ipAddresses: []), now: now)
        var configuration = KubeletConfiguration(nodeName: "n")
        configuration.tlsCertificate = try certificate.pem()
        configuration.tlsPrivateKey = try key.pem()
        for (requires, version, works) in [
            (false, TLSVersion.tlsv11, false), (false, .tlsv12, true), (false, .tlsv13, true), (true, .tlsv12, false), (true, .tlsv13, true),
        ] {
            configuration.requiresTLS13 = requires
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.certificateVerification = .none
            tls.minimumTLSVersion = .tlsv1
            tls.maximumTLSVersion = version
            let client = try NIOSSLContext(configuration: tls)
            #expect(try Handshake.succeeds(server: ServingCertificate(configuration).current, client: client) == works, "\(requires) \(version)")
        }
    }

    @Test("2019: suites without a fresh key for each connection, or whose encryption can be played with")
    func weakCipherSuites() throws {
        let now = TimeSource.system.wallMicroseconds() / 1_000_000
        let authority = try CertificateAuthority.create(commonName: "a", now: now)
        let (certificate, key) = try authority.issue(.serving("n", dnsNames: ["n"], ipAddresses: []), now: now)
        var configuration = KubeletConfiguration(nodeName: "n")
        configuration.tlsCertificate = try certificate.pem()
        configuration.tlsPrivateKey = try key.pem()
        let server = try ServingCertificate(configuration)
        for (suites, works) in [
            ("ECDHE-ECDSA-AES128-SHA", false), ("AES128-SHA:AES256-SHA:AES128-GCM-SHA256", false), ("ECDHE-ECDSA-AES128-GCM-SHA256", true),
        ] {
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.certificateVerification = .none
            tls.maximumTLSVersion = .tlsv12
            tls.cipherSuites = suites
            #expect(try Handshake.succeeds(server: server.current, client: NIOSSLContext(configuration: tls)) == works, "\(suites)")
        }
    }

    // MARK: The system's logs

    @Test func logsOfTheSystem() async throws {
        try await withTemporaryFolder { folder in
            var configuration = KubeletConfiguration(nodeName: "n")
            configuration.systemLogsFolder = folder + "/log"
            try Files.makeDirectory(folder + "/log/pods/a")
            try Files.write(folder + "/secret", Array("secret".utf8))
            try Files.write(folder + "/log/messages", Array("line\n".utf8))
            try Files.write(folder + "/log/pods/a/0.log", Array("out\n".utf8))
            // What somebody can do who may write there: a pod with that folder as a volume.
            try Files.makeLink(folder + "/log/out", to: folder + "/secret")
            try Files.makeLink(folder + "/log/up", to: "..")
            try Files.makeLink(folder + "/log/root", to: "/")
            try Files.makeLink(folder + "/log/loop", to: "loop")
            try Files.makeLink(folder + "/log/in", to: folder + "/log/pods/a/0.log")
            #expect(mkfifo(folder + "/log/pipe", 0o600) == 0)
            let handler = SystemLogsHandler(configuration: configuration)
            for (path, text) in [("messages", "line\n"), ("pods/a/0.log", "out\n"), ("in", "out\n")] {
                let file = try handler.open(path.split(separator: "/").map(String.init))
                #expect(!file.isDirectory && file.read(100) == Array(text.utf8), "\(path)")
            }
            #expect(try handler.open([]).isDirectory)
            #expect(try handler.open(["pods"]).isDirectory)
            for path in ["out", "up", "up/secret", "root/etc/passwd", "loop", "pipe", "none", "../secret", "pods/../../secret", "messages/x"] {
                #expect(throws: KubeletHTTPError.self, "\(path)") { try handler.open(path.split(separator: "/").map(String.init)) }
            }
        }
    }
}

/// The requests that have been handed on, by their answers.
private final class Answers: Sendable {
    private let responses = Mutex<[ServerResponse]>([])

    var count: Int { responses.withLock { $0.count } }

    func add(_ response: ServerResponse) { responses.withLock { $0.append(response) } }
}

/// An administrator at the kubelet's port.
private struct Caller: Sendable {
    struct Reply {
        let status: Int
        let tree: JSONValue
    }

    let transport: HTTPSTransport

    init(_ connection: KubernetesClient.ServerConnection, _ authority: CertificateAuthority) throws {
        let (certificate, key) = try authority.issue(
            .client(user: "admin", groups: ["system:masters"]), now: TimeSource.system.wallMicroseconds() / 1_000_000)
        var connection = connection
        connection.clientCertificate = .data(try certificate.pem())
        connection.clientKey = .data(try key.pem())
        transport = try HTTPSTransport(connection, logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    }

    func get(_ path: String) async throws -> Reply {
        let answer = try await transport.send(HTTPRequestData(path: path))
        return Reply(status: answer.status, tree: (try? JSONValue(parsing: answer.body)) ?? .null)
    }

    func end() async { await transport.shutdown() }
}

/// Two ends of TLS without a network between them.
private enum Handshake {
    static func succeeds(server: NIOSSLContext, client: NIOSSLContext) throws -> Bool {
        let (near, far) = (EmbeddedChannel(), EmbeddedChannel())
        let (clientEnd, serverEnd) = (End(), End())
        try near.pipeline.syncOperations.addHandlers(try NIOSSLClientHandler(context: client, serverHostname: nil), clientEnd)
        try far.pipeline.syncOperations.addHandlers(NIOSSLServerHandler(context: server), serverEnd)
        let address = try SocketAddress(ipAddress: "127.0.0.1", port: 1)
        near.connect(to: address, promise: nil)
        far.connect(to: address, promise: nil)
        near.pipeline.fireChannelActive()
        far.pipeline.fireChannelActive()
        for _ in 0..<10 {
            while let bytes = try near.readOutbound(as: ByteBuffer.self) { _ = try? far.writeInbound(bytes) }
            while let bytes = try far.readOutbound(as: ByteBuffer.self) { _ = try? near.writeInbound(bytes) }
        }
        // Not waiting for the ends to take leave of each other, which they would never do by themselves.
        near.close(promise: nil)
        far.close(promise: nil)
        return clientEnd.isDone && serverEnd.isDone
    }

    private final class End: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        var isDone = false

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if case .some(TLSUserEvent.handshakeCompleted) = event as? TLSUserEvent { isDone = true }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { isDone = false }
    }
}
