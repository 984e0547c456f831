import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import benchmarks

@Suite struct WireTests {
    @Test func eventsAreLines() {
        let text = "{\"a\":1}\n{\"b\":2}\n{\"c\""
        var lines: [String] = []
        let found = Array(text.utf8).withUnsafeBytes { EventStream.lines(in: $0) { lines.append(String(decoding: $0, as: UTF8.self)) } }
        #expect(lines == [#"{"a":1}"#, #"{"b":2}"#])
        #expect(found == (2, 16))
    }

    @Test(
        arguments: [
            (#"{"stamp":"123456789"}"#, 123_456_789), (#"{"s":"stamp","stamp":"7"}"#, 7), (#"{"stamp":"x"}"#, nil), ("", nil), (#""stamp":""#, nil),
        ] as [(String, UInt64?)])
    func numbersInEvents(_ event: String, _ number: UInt64?) {
        #expect(Array(event.utf8).withUnsafeBytes { EventBytes.number(after: "\"stamp\":\"", in: $0) } == number)
    }

    @Test func headsOfHTTP1() {
        #expect(HTTP1Head.end(of: ByteBuffer(string: "HTTP/1.1 200 OK\r\nA: b\r\n")) == nil)
        #expect(HTTP1Head.end(of: ByteBuffer(string: "HTTP/1.1 200 OK\r\n\r\nxy")) == 19)
        #expect(HTTP1Head.status(of: "HTTP/1.1 404 Not Found\r\nA: b\r\n\r\n") == 404)
        #expect(HTTP1Head.contentLength(of: "HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n") == 12)
        #expect(HTTP1Head.contentLength(of: "HTTP/1.1 200 OK\r\n\r\n") == nil)
    }

    @Test(arguments: [WireProtocol.http2, .http1], [0, 700, 300_000])
    func everyRequestIsSentAndAnswered(_ wire: WireProtocol, answerBytes: Int) async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let server = try await EmptyServer.start(wire, answerBytes: answerBytes, on: group)
        let lines = try await Server(server).connect(4, wire, on: group)
        let seen = Mutex<[Int]>([])
        let load = Load(work: "test", clients: 4, requests: 5..<205) { number in
            seen.withLock { $0.append(number) }
            return .get("/\(number)")
        }
        let measured = try await load.run(on: lines)
        #expect(seen.withLock { $0.sorted() } == Array(5..<205))
        #expect(measured.count == 200)
        #expect(measured.bytesEach == answerBytes)
        #expect(measured.latencies.samples.count == 200)
        for line in lines { line.close() }
        try await server.stop()
    }

    @Test func aServerThatIsGoneFailsTheLoad() async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let server = try await EmptyServer.start(.http2, answerBytes: 1, on: group)
        let lines = try await Server(server).connect(1, .http2, on: group)
        for line in lines { line.close() }
        try await lines[0].loop.submit {}.get()
        await #expect(throws: LoadError.self) {
            try await Load(work: "test", clients: 2, requests: 0..<10) { _ in .get("/") }.run(on: lines)
        }
        try await server.stop()
    }
}
