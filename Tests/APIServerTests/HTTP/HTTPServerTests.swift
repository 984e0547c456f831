import AsyncHTTPClient
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import PKI
import Synchronization
import Testing

@testable import APIServer

/// Answers in a way that the path chooses.
final class EchoHandler: RequestHandler {
    let closes = AsyncStream<String>.makeStream()
    let writers = Mutex<[any StreamWriter]>([])
    let unanswered = Mutex<[any Responder]>([])

    func handle(_ request: APIRequest, _ responder: any Responder) {
        switch request.path {
        case "/echo":
            responder.respond(status: 200, headers: ["Content-Type": "text/plain"], body: request.body)
        case "/later":
            Thread.detached { responder.respond(status: 201, headers: [:], body: Array(request.uri.utf8)) }
        case "/who":
            let text =
                switch request.connection?.certificate {
                case .verified(let user, _): "\(user.name) \(user.groups.joined(separator: ","))"
                case .rejected(let reason): "rejected \(reason)"
                case .frontProxy: "proxy"
                case .absent: "absent"
                case nil: "inside"
                }
            responder.respond(status: 200, headers: [:], body: Array(text.utf8))
        case "/stream":
            let writer = responder.stream(status: 200, headers: ["Content-Type": "text/plain"])
            Thread.detached {
                for index in 0..<100 { writer.write(Array("line \(index)\n".utf8)) }
                writer.finish()
            }
        case "/endless":
            let writer = responder.stream(status: 200, headers: [:])
            let closes = closes.continuation
            writer.onClose { closes.yield("closed") }
            writer.write(Array("first\n".utf8))
            writers.withLock { $0.append(writer) }
        case "/large":
            responder.respond(status: 200, headers: [:], body: [UInt8](repeating: 0x61, count: 5 << 20))
        case "/drop":
            break
        case "/never":
            // Kept, and never answered.
            unanswered.withLock { $0.append(responder) }
            let closes = closes.continuation
            responder.onAbandon { closes.yield("abandoned") }
            closes.yield("asked")
        case "/inject":
            responder.respond(status: 200, headers: ["X-Bad": "a\r\nX-Injected: b"], body: Array("ok".utf8))
        default:
            responder.respond(.pathNotFound)
        }
    }
}

/// A thread that is not an event loop, as the store's writer is.
enum Thread {
    static func detached(_ body: @escaping @Sendable () -> Void) {
        NIOThreadPool.singleton.submit { _ in body() }
    }
}

/// A running server with its own authority, and a client that trusts it.
struct RunningServer {
    let server: HTTPServer
    let client: HTTPClient
    let port: Int
    let echo: EchoHandler
    let authority: CertificateAuthority

    static func with(
        http2: Bool, user: CertificateSpec? = nil, stranger: Bool = false, _ body: (RunningServer) async throws -> Void
    ) async throws {
        let now = systemSeconds()
        let authority = try CertificateAuthority.create(commonName: "kubernetes", now: now)
        let (certificate, key) = try authority.issue(
            .serving("kube-apiserver", dnsNames: ["localhost"], ipAddresses: ["127.0.0.1"]), now: now)
        let echo = EchoHandler()
        let server = try HTTPServer(
            configuration: .init(
                address: "127.0.0.1", port: 0, tls: HTTPServerTLS(certificateChain: try certificate.pem(), privateKey: try key.pem()), eventLoops: 2),
            handler: echo, judge: ClientCertificateJudge(authorities: [authority.certificate]).judge, logger: Logger(label: "test"))
        let port = try #require(try await server.start().port)
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(try authority.certificate.pem()))
        if let user {
            let signer = stranger ? try CertificateAuthority.create(commonName: "kubernetes", now: now) : authority
            let (certificate, key) = try signer.issue(user, now: now)
            tls.certificateChain = try NIOSSLCertificate.fromPEMBytes(try certificate.pem()).map { .certificate($0) }
            tls.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: try key.pem(), format: .pem))
        }
        var configuration = HTTPClient.Configuration(tlsConfiguration: tls)
        configuration.httpVersion = http2 ? .automatic : .http1Only
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        let running = RunningServer(server: server, client: client, port: port, echo: echo, authority: authority)
        do {
            try await body(running)
        } catch {
            try await client.shutdown()
            await server.stop()
            throw error
        }
        try await client.shutdown()
        await server.stop()
    }

    func send(_ method: HTTPMethod, _ target: String, body: [UInt8] = []) async throws -> (response: HTTPClientResponse, body: [UInt8]) {
        var request = HTTPClientRequest(url: "https://127.0.0.1:\(port)\(target)")
        request.method = method
        if !body.isEmpty { request.body = .bytes(body) }
        let response = try await client.execute(request, timeout: .seconds(30))
        let bytes = try await response.body.collect(upTo: 16 << 20)
        return (response, Array(bytes.readableBytesView))
    }
}

@Suite struct HTTPServerTests {
    @Test(arguments: [false, true]) func roundTrips(http2: Bool) async throws {
        try await RunningServer.with(http2: http2) { running async throws in
            let (echoed, body) = try await running.send(.POST, "/echo", body: Array("hello".utf8))
            #expect(echoed.version == (http2 ? .http2 : .http1_1))
            #expect(echoed.status == .ok)
            #expect(body == Array("hello".utf8))
            #expect(echoed.headers.first(name: "content-type") == "text/plain")
            #expect(echoed.headers.first(name: "cache-control") == "no-cache, private")
            #expect(echoed.headers.first(name: "audit-id")?.utf8.count == 36)
            #expect(echoed.headers.first(name: "date")?.hasSuffix("GMT") == true)

            let (later, uri) = try await running.send(.GET, "/later?a=%20b")
            #expect(later.status == .created)
            #expect(uri == Array("/later?a=%20b".utf8))

            let (head, none) = try await running.send(.HEAD, "/echo")
            #expect(head.status == .ok)
            #expect(none.isEmpty)

            let (_, large) = try await running.send(.GET, "/large")
            #expect(large.count == 5 << 20)

            let (missing, status) = try await running.send(.GET, "/nowhere")
            #expect(missing.status == .notFound)
            #expect(String(decoding: status, as: UTF8.self).contains(#""reason":"NotFound""#))

            let (dropped, _) = try await running.send(.GET, "/drop")
            #expect(dropped.status == .internalServerError)

            let (injected, _) = try await running.send(.GET, "/inject")
            #expect(injected.headers.first(name: "x-injected") == nil)
        }
    }

    @Test(arguments: [false, true]) func manyAtATime(http2: Bool) async throws {
        try await RunningServer.with(http2: http2) { running async throws in
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for index in 0..<200 {
                    group.addTask {
                        let body = Array("body \(index)".utf8)
                        return try await running.send(.POST, index % 2 == 0 ? "/echo" : "/echo?x=\(index)", body: body).body == body
                    }
                }
                for try await isRight in group { #expect(isRight) }
            }
        }
    }

    @Test(arguments: [false, true]) func streams(http2: Bool) async throws {
        try await RunningServer.with(http2: http2) { running async throws in
            let (response, body) = try await running.send(.GET, "/stream")
            #expect(response.status == .ok)
            let lines = String(decoding: body, as: UTF8.self).split(separator: "\n")
            #expect(lines.count == 100)
            #expect(lines.last == "line 99")
            // The connection serves on after a stream.
            #expect(try await running.send(.POST, "/echo", body: [1]).body == [1])
        }
    }

    @Test(arguments: [false, true]) func aClientThatGoesAwayIsNoticed(http2: Bool) async throws {
        try await RunningServer.with(http2: http2) { running async throws in
            let task = Task {
                let request = HTTPClientRequest(url: "https://127.0.0.1:\(running.port)/endless")
                let response = try await running.client.execute(request, timeout: .seconds(30))
                for try await chunk in response.body { return String(buffer: chunk) }
                return ""
            }
            #expect(try await task.value == "first\n")
            var closes = running.echo.closes.stream.makeAsyncIterator()
            #expect(await closes.next() == "closed")
        }
    }

    @Test(arguments: [false, true]) func aClientThatGoesBeforeItsAnswerIsNoticed(http2: Bool) async throws {
        try await RunningServer.with(http2: http2) { running async throws in
            let task = Task {
                try await running.client.execute(HTTPClientRequest(url: "https://127.0.0.1:\(running.port)/never"), timeout: .seconds(30))
            }
            var closes = running.echo.closes.stream.makeAsyncIterator()
            #expect(await closes.next() == "asked")
            task.cancel()
            #expect(await closes.next() == "abandoned")
            // Too late: nobody is told again.
            running.echo.unanswered.withLock { $0.first }?.onAbandon { running.echo.closes.continuation.yield("at once") }
            #expect(await closes.next() == "at once")
            running.echo.unanswered.withLock { $0.first }?.respond(status: 200, headers: [:], body: [])
            #expect(try await running.send(.POST, "/echo", body: [1]).body == [1])
        }
    }

    @Test(arguments: [false, true]) func aSlowReaderIsNoticed(http2: Bool) async throws {
        try await RunningServer.with(http2: http2) { running async throws in
            let request = HTTPClientRequest(url: "https://127.0.0.1:\(running.port)/endless")
            let response = try await running.client.execute(request, timeout: .seconds(30))
            let writer = try #require(running.echo.writers.withLock { $0.first })
            let caughtUp = AsyncStream<Void>.makeStream()
            writer.onWritable { caughtUp.continuation.yield() }
            var written = 0
            let chunk = [UInt8](repeating: 0x61, count: 1 << 20)
            while writer.isWritable, written < 64 << 20 {
                writer.write(chunk)
                written += chunk.count
                await Task.yield()
            }
            #expect(writer.pendingBytes > 0)
            var read = -6
            for try await part in response.body {
                read += part.readableBytes
                if read >= written { break }
            }
            var iterator = caughtUp.stream.makeAsyncIterator()
            // It may have been writable for a moment before, too.
            while !writer.isWritable { await iterator.next() }
            writer.finish()
        }
    }

    @Test(arguments: [false, true]) func aBodyPastTheLimitIsRefused(http2: Bool) async throws {
        try await RunningServer.with(http2: http2) { running async throws in
            let limit = HTTPLimits.requestBodyBytesMax
            #expect(try await running.send(.POST, "/echo", body: [UInt8](repeating: 1, count: limit)).body.count == limit)
            do {
                let (response, body) = try await running.send(.POST, "/echo", body: [UInt8](repeating: 1, count: limit + 1))
                #expect(response.status == .payloadTooLarge)
                #expect(String(decoding: body, as: UTF8.self).contains("limit is 3145728"))
            } catch let error as HTTPClientError where error == .remoteConnectionClosed {
                // The client was still sending when the answer came.
            }
            #expect(try await running.send(.POST, "/echo", body: [1]).body == [1])
        }
    }

    @Test(arguments: [false, true]) func certificatesTellWhoItIs(http2: Bool) async throws {
        func who(_ running: RunningServer) async throws -> String { String(decoding: try await running.send(.GET, "/who").body, as: UTF8.self) }
        try await RunningServer.with(http2: http2) { running async throws in #expect(try await who(running) == "absent") }
        try await RunningServer.with(http2: http2, user: .client(user: "ana", groups: ["dev", "ops"])) { running async throws in
            #expect(try await who(running) == "ana dev,ops")
        }
        try await RunningServer.with(http2: http2, user: .client(user: "ana"), stranger: true) { running async throws in
            #expect(try await who(running).hasPrefix("rejected"))
        }
        try await RunningServer.with(http2: http2, user: .serving("ana", dnsNames: ["x"], ipAddresses: [])) { running async throws in
            #expect(try await who(running).hasPrefix("rejected"))
        }
    }

    @Test func aPortInUseIsExplained() async throws {
        try await RunningServer.with(http2: false) { running async throws in
            let second = try HTTPServer(
                configuration: .init(address: "127.0.0.1", port: running.port, tls: nil, eventLoops: 1), handler: EchoHandler(),
                judge: { _ in .absent }, logger: Logger(label: "test"))
            await #expect {
                try await second.start()
            } throws: { error in
                "\(error)".contains("127.0.0.1:\(running.port)") && "\(error)".contains("another process uses this port")
            }
            await second.stop()
        }
    }

    /// Bytes from a hostile or broken client: an answer or a closed connection, and the server lives.
    @Test(arguments: [
        "garbage\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n", "\u{0}\u{1}\u{2}",
        "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "POST /echo HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "GET relative HTTP/1.1\r\n\r\n", "GET /echo%zz HTTP/1.1\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ])
    func malformedBytes(text: String) async throws {
        let server = try HTTPServer(
            configuration: .init(address: "127.0.0.1", port: 0, tls: nil, eventLoops: 1), handler: EchoHandler(), judge: { _ in .absent },
            logger: Logger(label: "test"))
        let port = try #require(try await server.start().port)
        let answer = try await RawClient.exchange(port: port, text + "GET /echo HTTP/1.1\r\nConnection: close\r\n\r\n")
        #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 4") || answer.hasPrefix("HTTP/1.1 200"), "\(answer)")
        let good = try await RawClient.exchange(port: port, "GET /echo HTTP/1.1\r\nConnection: close\r\n\r\n")
        #expect(good.hasPrefix("HTTP/1.1 200 OK\r\n"))
        await server.stop()
    }

    /// Requests sent without waiting for answers are answered in order, also when there are very many of them.
    @Test func pipelinedRequests() async throws {
        let server = try HTTPServer(
            configuration: .init(address: "127.0.0.1", port: 0, tls: nil, eventLoops: 1), handler: EchoHandler(), judge: { _ in .absent },
            logger: Logger(label: "test"))
        let port = try #require(try await server.start().port)
        var text = ""
        for index in 0..<5000 { text += "GET /\(index % 10 == 0 ? "later" : "echo")?\(index) HTTP/1.1\r\n\r\n" }
        text += "GET /later?last HTTP/1.1\r\nConnection: close\r\n\r\n"
        let answer = try await RawClient.exchange(port: port, text)
        #expect(answer.split(separator: "HTTP/1.1 20").count == 5001)
        #expect(answer.hasSuffix("/later?last"))
        await server.stop()
    }
}

/// Sends bytes on a plain connection and gives back all that comes until the server closes it.
enum RawClient {
    static func exchange(port: Int, _ text: String) async throws -> String {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(string: text))
            var answer = ByteBuffer()
            do {
                for try await part in inbound { answer.writeImmutableBuffer(part) }
            } catch is IOError {
                // A reset counts as closed.
            }
            return String(buffer: answer)
        }
    }
}
