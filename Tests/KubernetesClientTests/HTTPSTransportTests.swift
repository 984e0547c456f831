import Glibc
import Logging
import Testing

@testable import KubernetesClient

private let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
private let okHead = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

@Suite(.serialized) struct HTTPSTransportTests {
    private func transport(_ server: SocketServer, _ change: (inout ServerConnection) -> Void = { _ in }) throws -> HTTPSTransport {
        var connection = ServerConnection(server: "http://127.0.0.1:\(server.port)")
        change(&connection)
        return try HTTPSTransport(connection, logger: quiet)
    }

    @Test(.timeLimit(.minutes(1)))
    func sendsRequestsAndReadsAnswers() async throws {
        let server = try SocketServer { _ in [okHead + "Content-Length: 2\r\n\r\n", "{}"] }
        defer { server.stop() }
        let transport = try transport(server) { $0.token = "secret" }
        let answer = try await transport.send(
            HTTPRequestData(method: "PATCH", path: "/api/v1/x?y=1", headers: [("Content-Type", "text/x")], body: Array("body".utf8)))
        #expect(answer.status == 200)
        #expect(answer.body == Array("{}".utf8))
        #expect(answer.header("content-TYPE") == "application/json")
        let request = try #require(server.requests.first)
        #expect(request.hasPrefix("PATCH /api/v1/x?y=1 HTTP/1.1\r\n"))
        #expect(request.contains("Authorization: Bearer secret\r\n"))
        #expect(request.hasSuffix("\r\n\r\nbody"))
        await transport.shutdown()
    }

    @Test(.timeLimit(.minutes(1)))
    func aTokenFileIsReadAgainWhenItChanges() async throws {
        var template = Array("/tmp/apus-token-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { unlink(path) }
        _ = write(descriptor, "one\n", 4)
        let server = try SocketServer { _ in [okHead + "Content-Length: 0\r\n\r\n"] }
        defer { server.stop() }
        let transport = try transport(server) { $0.tokenFile = path }
        _ = try await transport.send(HTTPRequestData(path: "/"))
        _ = ftruncate(descriptor, 0)
        _ = pwrite(descriptor, "second", 6, 0)
        _ = try await transport.send(HTTPRequestData(path: "/"))
        // Half written, it holds nothing of use; the token known stays.
        _ = ftruncate(descriptor, 0)
        _ = try await transport.send(HTTPRequestData(path: "/"))
        close(descriptor)
        let tokens = ["one", "second", "second"]
        #expect(server.requests.count == 3)
        for (request, token) in zip(server.requests, tokens) { #expect(request.contains("Bearer \(token)\r\n")) }
        await transport.shutdown()
    }

    /// Who we are stands in the kubeconfig itself; where the server is does not change by it.
    @Test(.timeLimit(.minutes(1)))
    func aKubeconfigIsFollowed() async throws {
        var template = Array("/tmp/apus-kubeconfig-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { unlink(path) }
        let server = try SocketServer { _ in [okHead + "Connection: close\r\nContent-Length: 0\r\n\r\n"] }
        defer { server.stop() }
        func put(_ user: String, server address: String) {
            let text = """
                clusters: [{name: c, cluster: {server: "\(address)"}}]
                users: [{name: u, user: \(user)}]
                contexts: [{name: x, context: {cluster: c, user: u}}]
                current-context: x
                """
            _ = ftruncate(descriptor, 0)
            _ = pwrite(descriptor, text, text.utf8.count, 0)
        }
        put("{token: one}", server: "http://127.0.0.1:\(server.port)")
        let clock = ManualClock()
        let transport = try HTTPSTransport(try Kubeconfig.load(path: path).connection(), time: clock.timeSource, logger: quiet)
        _ = try await transport.send(HTTPRequestData(path: "/"))
        put("{token: second}", server: "http://127.0.0.1:1")
        // Not before it is time to look.
        _ = try await transport.send(HTTPRequestData(path: "/"))
        clock.advance(by: HTTPSTransport.reloadInterval)
        _ = try await transport.send(HTTPRequestData(path: "/"))
        // What cannot be used is passed over until it can.
        put("{client-certificate-data: bm9uZQ==, client-key-data: bm9uZQ==}", server: "http://127.0.0.1:\(server.port)")
        clock.advance(by: HTTPSTransport.reloadInterval)
        _ = try await transport.send(HTTPRequestData(path: "/"))
        put("{username: ann, password: b}", server: "http://127.0.0.1:\(server.port)")
        clock.advance(by: HTTPSTransport.reloadInterval)
        _ = try await transport.send(HTTPRequestData(path: "/"))
        close(descriptor)
        let credentials = ["Bearer one", "Bearer one", "Bearer second", "Bearer second", "Basic YW5uOmI="]
        #expect(server.requests.count == credentials.count)
        for (request, words) in zip(server.requests, credentials) { #expect(request.contains("Authorization: \(words)\r\n"), "\(request)") }
        await transport.shutdown()
    }

    @Test(.timeLimit(.minutes(1)))
    func streamsChunksAsTheyCome() async throws {
        let server = try SocketServer { _ in
            [okHead + "Transfer-Encoding: chunked\r\n\r\n", "3\r\nabc\r\n", "2\r\nde\r\n", "0\r\n\r\n"]
        }
        defer { server.stop() }
        let transport = try transport(server)
        let (status, _, body) = try await transport.stream(HTTPRequestData(path: "/watch"))
        #expect(status == 200)
        var bytes: [UInt8] = []
        for try await chunk in body { bytes += chunk }
        #expect(bytes == Array("abcde".utf8))
        await transport.shutdown()
    }

    @Test(.timeLimit(.minutes(1)))
    func aSilentStreamIsGivenUp() async throws {
        let server = try SocketServer { _ in [okHead + "Transfer-Encoding: chunked\r\n\r\n", "3\r\nabc\r\n"] }
        defer { server.stop() }
        let transport = try transport(server)
        let (_, _, body) = try await transport.stream(HTTPRequestData(path: "/watch", idleTimeout: .milliseconds(50)))
        var count = 0
        let error = await #expect(throws: TransportError.self) { for try await _ in body { count += 1 } }
        #expect(count == 1)
        #expect(error?.kind == .timeout)
        await transport.shutdown()
    }

    @Test(.timeLimit(.minutes(1)))
    func failuresNameTheServerAndTheCause() async throws {
        let server = try SocketServer { _ in nil }
        let transport = try transport(server)
        let closed = await #expect(throws: TransportError.self) { try await transport.send(HTTPRequestData(path: "/")) }
        #expect(closed?.kind == .closed)
        server.stop()
        let refused = await #expect(throws: TransportError.self) { try await transport.send(HTTPRequestData(path: "/")) }
        #expect(
            refused?.description
                == "the connection to the server http://127.0.0.1:\(server.port) was refused: nothing listens there; is the server running?")
        await transport.shutdown()
    }

    @Test(arguments: [
        ("https://", "the server URL \"https://\" names no host"), ("ftp://x", "the server URL \"ftp://x\" must begin with https:// or http://"),
        ("https://x:99999", "the server URL \"https://x:99999\" has the invalid port \"99999\""),
    ])
    func uselessURLsAreRefused(url: String, message: String) {
        let error = #expect(throws: ConnectionConfigurationError.self) { try HTTPSTransport(ServerConnection(server: url), logger: quiet) }
        #expect(error?.description == message)
    }

    @Test func uselessCredentialsAreNamed() {
        var connection = ServerConnection(server: "https://x")
        connection.certificateAuthority = .file("/nonexistent/ca.crt")
        let missing = #expect(throws: FileReadError.self) { try HTTPSTransport(connection, logger: quiet) }
        #expect(missing?.description == "cannot read /nonexistent/ca.crt: No such file or directory")
        connection.certificateAuthority = .data(Array("nothing".utf8))
        #expect(throws: ConnectionConfigurationError.self) { try HTTPSTransport(connection, logger: quiet) }
    }
}
