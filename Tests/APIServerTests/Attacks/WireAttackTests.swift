import Logging
import NIOCore
import NIOEmbedded
import NIOHTTP1
import PKI
import Testing

@testable import APIServer

extension Attacks {
    /// What two readers of the same bytes could understand in two ways, and what would fill the memory or never end.
    @Suite struct WireAttackTests {
        private static let smuggled = "GET /version HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

        /// Requests of HTTP/1.1 that are refused, with all that follows them on the connection.
        private static let broken: [(what: String, bytes: String)] = [
            ("length and chunks", "POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            ("chunks and length", "POST /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n"),
            ("two lengths", "POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 50\r\n\r\n"),
            ("a signed length", "POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: +0\r\n\r\n"),
            ("a negative length", "POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"),
            ("a hexadecimal length", "POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 0x0\r\n\r\n"),
            ("a length that is too long", "POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n"),
            ("an encoding nobody knows", "POST /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
            ("chunks that are not last", "POST /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
            ("a space before the colon", "POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length : 0\r\n\r\n"),
            ("a header before the colon", "POST /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding\r\n : chunked\r\n\r\n0\r\n\r\n"),
            ("a name with a space", "GET /healthz HTTP/1.1\r\nHost: x\r\nX Y: z\r\n\r\n"),
            ("a line break in a name", "GET /healthz HTTP/1.1\r\nHost: x\r\nX\rY: z\r\n\r\n"),
            ("a carriage return in a value", "GET /healthz HTTP/1.1\r\nHost: x\r\nX: a\rTransfer-Encoding: chunked\r\n\r\n"),
            ("a zero in a value", "GET /healthz HTTP/1.1\r\nHost: x\r\nX: a\u{0}b\r\n\r\n"),
            ("a zero in the path", "GET /healthz\u{0}/x HTTP/1.1\r\nHost: x\r\n\r\n"),
            ("a chunk of many digits", "POST /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n"),
            ("a chunk that is no number", "POST /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\n"),
            ("no version", "GET /healthz\r\n\r\n"),
            ("a version nobody has", "GET /healthz HTTP/9.9\r\nHost: x\r\n\r\n"),
            ("the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
            ("no HTTP at all", "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\r\n\r\n"),
        ]

        @Test func requestsThatCouldBeReadInTwoWays() async throws {
            try await WholeServer.with { whole in
                await withTaskGroup(of: Void.self) { group in
                    for (what, bytes) in Self.broken {
                        group.addTask {
                            var text = ""
                            do { text = try await whole.raw().say(bytes + Self.smuggled) } catch { text = "" }
                            #expect(text.isEmpty || text.hasPrefix("HTTP/1.1 4"), "\(what): \(text)")
                            // Nothing of what came after it was taken for a request.
                            #expect(!text.contains("gitVersion") && !text.dropFirst(8).contains("HTTP/1.1 "), "\(what): \(text)")
                        }
                    }
                }
            }
        }

        @Test func headsAndBodiesHaveAnEnd() async throws {
            try await WholeServer.with { whole in
                let filler = String(repeating: "a", count: 2 << 20)
                let table: [(what: String, bytes: String, statuses: [String])] = [
                    ("one large header", "GET /healthz HTTP/1.1\r\nHost: x\r\nX: \(filler)\r\n\r\n", ["431"]),
                    ("a large path", "GET /\(filler) HTTP/1.1\r\nHost: x\r\n\r\n", ["431", "414"]),
                    (
                        "many headers",
                        "GET /healthz HTTP/1.1\r\nHost: x\r\n" + String(repeating: "X-\(filler.prefix(1000)): y\r\n", count: 2000) + "\r\n",
                        ["431"]
                    ),
                    ("a body by its length", "POST /api/v1/nodes HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999999\r\n\r\n", ["413"]),
                    (
                        "a body in chunks",
                        "POST /api/v1/nodes HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                            + String(repeating: "200000\r\n\(filler)\r\n", count: 2) + "0\r\n\r\n", ["413"]
                    ),
                ]
                for (what, bytes, statuses) in table {
                    let text = try await whole.raw(user: WholeServer.admin).say(bytes)
                    #expect(statuses.contains { text.hasPrefix("HTTP/1.1 \($0)") }, "\(what): \(text.prefix(300))")
                }
            }
        }

        /// 2019: a few lines of YAML stand for more than any memory holds, or are nested deeper than any stack.
        @Test func yamlThatUnfolds() async throws {
            try await WholeServer.with { whole in
                func say(_ yaml: String) async throws -> String {
                    try await whole.raw(user: WholeServer.ana).say(
                        "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                            + "Content-Type: application/yaml\r\nContent-Length: \(yaml.utf8.count)\r\n\r\n\(yaml)")
                }
                func chain(_ levels: Int, _ part: (Int) -> String) -> String {
                    (1..<levels).reduce("a0: &a0 [x]\n") { $0 + "a\($1): &a\($1) \(part($1 - 1))\n" }
                }
                let deep = String(repeating: "[", count: 900)
                for (what, yaml) in [
                    ("lists of lists", chain(12) { "[" + Array(repeating: "*a\($0)", count: 9).joined(separator: ", ") + "]" }),
                    ("keys of keys", chain(20) { "{? *a\($0) : *a\($0)}" }),
                    ("deeper and deeper", chain(60) { "\(deep)*a\($0)\(String(deep.map { _ in "]" }))" }),
                    ("deep at once", String(repeating: "[", count: 100_000)), ("many lists", String(repeating: "- ", count: 100_000)),
                ] {
                    let answer = try await say(yaml)
                    #expect(answer.hasPrefix("HTTP/1.1 400"), "\(what): \(answer.prefix(300))")
                }
                // An alias here and there harms nobody.
                let fine = try await say("spec: {nonResourceAttributes: &a {path: /x, verb: get}}\nmetadata: {annotations: {b: &b c, d: *b}}\n")
                #expect(fine.hasPrefix("HTTP/1.1 201"), "\(fine)")
                #expect(try await whole.call(.GET, "/readyz").status == 200)
            }
        }

        // MARK: Clients that take their time

        /// One connection without TLS, on a loop whose clock the test turns.
        private func slowClient() throws -> (channel: EmbeddedChannel, loop: EmbeddedEventLoop) {
            let loop = EmbeddedEventLoop()
            let decoder = ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes))
            let front = HTTPFront(handler: EchoHandler(), ids: RequestIDSource(), counter: InFlightCounter(), logger: Logger(label: "test"))
            let handler = HTTP1Handler(front: front, connection: ClientConnection(remoteAddress: "", certificate: .absent), decoder: decoder)
            let channel = EmbeddedChannel(loop: loop)
            try channel.pipeline.syncOperations.addHandlers(decoder, handler)
            channel.connect(to: try SocketAddress(ipAddress: "192.0.2.1", port: 1), promise: nil)
            return (channel, loop)
        }

        @Test func aHandshakeHasATimeLimit() throws {
            let loop = EmbeddedEventLoop()
            let channel = EmbeddedChannel(handler: HandshakeGuard(), loop: loop)
            channel.connect(to: try SocketAddress(ipAddress: "192.0.2.1", port: 1), promise: nil)
            loop.advanceTime(by: HTTPLimits.handshakeTimeout - .seconds(1))
            #expect(channel.isActive)
            loop.advanceTime(by: .seconds(2))
            #expect(!channel.isActive)
        }

        @Test func headersThatDripHaveATimeLimit() throws {
            let (channel, loop) = try slowClient()
            try channel.writeInbound(ByteBuffer(string: "GET /echo HTTP/1.1\r\nHost: x\r\n"))
            var seconds = Int64(0)
            while channel.isActive, seconds < 600 {
                // A client that sends a little now and then does not thereby gain time.
                try channel.writeInbound(ByteBuffer(string: "X-\(seconds): y\r\n"))
                loop.advanceTime(by: .seconds(5))
                seconds += 5
            }
            #expect(!channel.isActive && seconds <= 120, "\(seconds) s")
        }

        @Test func aBodyThatDripsHasATimeLimit() throws {
            let (channel, loop) = try slowClient()
            try channel.writeInbound(ByteBuffer(string: "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10000\r\n\r\n"))
            var seconds = Int64(0)
            while channel.isActive, seconds < 600 {
                try channel.writeInbound(ByteBuffer(string: "x"))
                loop.advanceTime(by: .seconds(5))
                seconds += 5
            }
            #expect(!channel.isActive && seconds <= 90, "\(seconds) s")
        }
    }
}
