import Logging
import NIOCore
import NIOEmbedded
import Synchronization
import Testing

@testable import APIServer

/// Frames as a client writes them, byte by byte, against one connection without a network.
struct HTTP2ConnectionTests {
    // MARK: What a well-behaved client sees

    @Test func aRequestIsAnswered() throws {
        let client = try FrameClient()
        client.send(.headers(1, FrameClient.get("/echo"), endStream: true))
        let frames = try client.received()
        #expect(frames.map(\.kind) == [1])
        #expect(frames[0].flags == 0x5)
        let fields = try frames[0].fields()
        #expect(fields[":status"] == "200")
        #expect(fields["content-type"] == "text/plain")
        #expect(fields["content-length"] == "0")
        #expect(fields["audit-id"]?.isEmpty == false)
        #expect(fields["date"]?.hasSuffix("GMT") == true)
        #expect(client.isOpen)
    }

    @Test func answersOfOneTurnGoOutTogether() throws {
        let client = try FrameClient()
        client.send((0..<10).flatMap { FrameClient.Frame.headers(1 + 2 * $0, FrameClient.get("/echo"), endStream: true).bytes })
        #expect(client.writes() == 1)
        #expect(try client.received().count == 10)
    }

    @Test func aBodyComesBack() throws {
        let client = try FrameClient()
        client.send(.headers(1, FrameClient.post("/echo", length: 6), endStream: false))
        client.send(.data(1, Array("abc".utf8)))
        client.send(.data(1, Array("def".utf8), endStream: true))
        let frames = try client.received()
        #expect(frames.map(\.kind) == [1, 0])
        #expect(frames[1].payload == Array("abcdef".utf8))
        #expect(frames[1].flags == 1)
    }

    @Test func framesMayComeInAnyPieces() throws {
        for size in [1, 2, 7, 20] {
            let client = try FrameClient(pieces: size)
            client.send(.headers(1, FrameClient.post("/echo", length: 3), endStream: false))
            client.send(.data(1, Array("abc".utf8), endStream: true))
            #expect(try client.received().map(\.kind) == [1, 0])
        }
    }

    @Test func paddingAndPriorityAreTakenAway() throws {
        let client = try FrameClient()
        let block = FrameClient.post("/echo", length: 3)
        client.send(.init(kind: 1, flags: 0x4 | 0x8 | 0x20, stream: 1, payload: [2, 0, 0, 0, 0, 9] + block + [0, 0]))
        client.send(.init(kind: 0, flags: 0x1 | 0x8, stream: 1, payload: [4] + Array("abc".utf8) + [0, 0, 0, 0]))
        #expect(try client.received().last?.payload == Array("abc".utf8))
    }

    @Test func headersMayBeSpreadOverFrames() throws {
        let client = try FrameClient()
        let block = FrameClient.get("/echo") + FrameClient.field("x-long", String(repeating: "v", count: 40_000))
        client.send(.init(kind: 1, flags: 0x1, stream: 1, payload: Array(block[..<10])))
        client.send(.init(kind: 9, flags: 0, stream: 1, payload: Array(block[10..<16_000])))
        client.send(.init(kind: 9, flags: 0, stream: 1, payload: Array(block[16_000..<32_000])))
        client.send(.init(kind: 9, flags: 0x4, stream: 1, payload: Array(block[32_000...])))
        #expect(try client.received().map(\.kind) == [1])
    }

    @Test func trailersEndARequest() throws {
        let client = try FrameClient()
        client.send(.headers(1, FrameClient.post("/echo", length: 3), endStream: false))
        client.send(.data(1, Array("abc".utf8)))
        client.send(.headers(1, FrameClient.field("x-sum", "1"), endStream: true))
        #expect(try client.received().map(\.kind) == [1, 0])
    }

    @Test func aHeadHasNoBody() throws {
        let client = try FrameClient()
        client.send(.headers(1, FrameClient.request("HEAD", "/large"), endStream: true))
        let frames = try client.received()
        #expect(frames.map(\.kind) == [1])
        #expect(try frames[0].fields()["content-length"] == "\(5 << 20)")
        #expect(frames[0].flags == 0x5)
    }

    @Test func pingAndSettingsAreAcknowledged() throws {
        let client = try FrameClient()
        client.send(.init(kind: 6, flags: 0, stream: 0, payload: [1, 2, 3, 4, 5, 6, 7, 8]))
        client.send(.init(kind: 4, flags: 0, stream: 0, payload: []))
        client.send(.init(kind: 6, flags: 1, stream: 0, payload: [1, 2, 3, 4, 5, 6, 7, 8]))
        client.send(.init(kind: 77, flags: 1, stream: 5, payload: [1]))
        let frames = try client.received()
        #expect(frames.map(\.kind) == [6, 4])
        #expect(frames.map(\.flags) == [1, 1])
        #expect(frames[0].payload == [1, 2, 3, 4, 5, 6, 7, 8])
    }

    @Test func manyRequestsAfterEachOther() throws {
        let client = try FrameClient()
        for index in 0..<300 { client.send(.headers(UInt32(1 + 2 * index), FrameClient.get("/echo"), endStream: true)) }
        #expect(try client.received().filter { $0.kind == 1 }.count == 300)
        #expect(client.isOpen)
    }

    // MARK: Flow control

    @Test func windowsAreKeptTo() throws {
        let client = try FrameClient()
        client.send(.headers(1, FrameClient.get("/large"), endStream: true))
        #expect(try client.received().reduce(0) { $0 + ($1.kind == 0 ? $1.payload.count : 0) } == 65_535)
        // Only the connection's window grows, then only the stream's.
        client.send(.windowUpdate(0, 1000))
        #expect(try client.received().isEmpty)
        client.send(.windowUpdate(1, 400))
        #expect(try client.received().map(\.payload.count) == [400])
        client.send(.windowUpdate(1, 10_000))
        #expect(try client.received().map(\.payload.count) == [600])
        client.send(.windowUpdate(1, 10 << 20))
        client.send(.windowUpdate(0, 10 << 20))
        let rest = try client.received()
        #expect(rest.reduce(0) { $0 + $1.payload.count } == 5 << 20 - 65_535 - 1000)
        #expect(rest.allSatisfy { $0.payload.count <= 16_384 })
        #expect(rest.last?.flags == 1)
    }

    @Test func settingsChangeOpenWindows() throws {
        let client = try FrameClient(settings: [(4, 0)])
        client.send(.headers(1, FrameClient.get("/large"), endStream: true))
        #expect(try client.received().map(\.kind) == [1])
        client.send(.settings([(4, 100)]))
        #expect(try client.received().filter { $0.kind == 0 }.map(\.payload.count) == [100])
        client.send(.settings([(4, 50)]))
        client.send(.windowUpdate(1, 49))
        #expect(try client.received().filter { $0.kind == 0 }.isEmpty)
        client.send(.windowUpdate(1, 2))
        #expect(try client.received().filter { $0.kind == 0 }.map(\.payload.count) == [1])
    }

    @Test func largerFramesOnlyWhenAgreed() throws {
        let client = try FrameClient(settings: [(4, 1 << 20), (5, 40_000)])
        client.send(.windowUpdate(0, 1 << 20))
        client.send(.headers(1, FrameClient.get("/large"), endStream: true))
        #expect(try client.received().filter { $0.kind == 0 }.map(\.payload.count).max() == 40_000)
    }

    @Test func aBlockedStreamHoldsUpNoOther() throws {
        let client = try FrameClient(settings: [(4, 10)])
        client.send(.headers(1, FrameClient.get("/large"), endStream: true))
        client.send(.headers(3, FrameClient.post("/echo", length: 4), endStream: false))
        client.send(.data(3, Array("abcd".utf8), endStream: true))
        let frames = try client.received()
        #expect(frames.contains { $0.stream == 3 && $0.kind == 0 && $0.flags == 1 && $0.payload == Array("abcd".utf8) })
    }

    @Test func streamsTakeTurns() throws {
        let client = try FrameClient(settings: [(4, 1 << 20)])
        client.send(.windowUpdate(0, 8 << 20))
        client.send((0..<3).flatMap { FrameClient.Frame.headers(1 + 2 * $0, FrameClient.get("/large"), endStream: true).bytes })
        let order = try client.received().filter { $0.kind == 0 }.prefix(6).map(\.stream)
        #expect(order == [1, 3, 5, 1, 3, 5])
    }

    @Test func whatAClientSendsIsMadeRoomFor() throws {
        let client = try FrameClient()
        client.send(.headers(1, FrameClient.request("POST", "/echo"), endStream: false))
        var growth: [UInt32: Int] = [:]
        for _ in 0..<160 {
            client.send(.data(1, [UInt8](repeating: 1, count: 16_000)))
            for frame in try client.received() where frame.kind == 8 { growth[frame.stream, default: 0] += frame.increment }
        }
        #expect(client.isOpen)
        #expect(growth[0] ?? 0 > 2 << 20)
        #expect(growth[1] ?? 0 > 2 << 20)
    }

    @Test func aSlowReaderFillsNoBuffer() throws {
        let client = try FrameClient()
        client.send(.headers(1, FrameClient.get("/endless"), endStream: true))
        let writer = try #require(client.echo.writers.withLock { $0.first })
        writer.write([UInt8](repeating: 2, count: 400_000))
        client.run()
        #expect(!writer.isWritable)
        #expect(try client.received().reduce(0) { $0 + ($1.kind == 0 ? $1.payload.count : 0) } == 65_535)
        #expect(writer.pendingBytes == 400_006 - 65_535)
        client.send(.windowUpdate(0, 1 << 20))
        client.send(.windowUpdate(1, 1 << 20))
        #expect(writer.isWritable)
        #expect(writer.pendingBytes == 0)
        writer.finish()
        client.run()
        #expect(try client.received().last?.flags == 1)
    }

    @Test func eventsOfManyStreamsGoOutTogether() throws {
        let client = try FrameClient()
        client.send((0..<50).flatMap { FrameClient.Frame.headers(1 + 2 * $0, FrameClient.get("/endless"), endStream: true).bytes })
        client.run()
        _ = client.writes()
        for writer in client.echo.writers.withLock({ $0 }) { writer.write(Array("event\n".utf8)) }
        client.run()
        #expect(client.writes() == 1)
    }

    // MARK: Ends

    @Test func aResetEndsTheStreamOnly() async throws {
        let client = try FrameClient()
        client.send(.headers(1, FrameClient.get("/endless"), endStream: true))
        client.send(.reset(1))
        var closes = client.echo.closes.stream.makeAsyncIterator()
        #expect(await closes.next() == "closed")
        let writer = try #require(client.echo.writers.withLock { $0.first })
        writer.write([1])
        client.run()
        _ = try client.received()
        client.send(.headers(3, FrameClient.get("/echo"), endStream: true))
        #expect(try client.received().map(\.stream) == [3])
    }

    @Test func aLateAnswerToAResetStreamIsDropped() throws {
        let client = try FrameClient(holding: true)
        client.send(.headers(1, FrameClient.get("/x"), endStream: true))
        client.send(.reset(1))
        client.answerHeld()
        #expect(try client.received().isEmpty)
        #expect(client.isOpen)
    }

    @Test func aClosedConnectionEndsItsStreams() async throws {
        let client = try FrameClient(holding: true)
        client.send(.headers(1, FrameClient.get("/x"), endStream: true))
        client.close()
        client.answerHeld()
        let streaming = try FrameClient()
        streaming.send(.headers(1, FrameClient.get("/endless"), endStream: true))
        streaming.close()
        var closes = streaming.echo.closes.stream.makeAsyncIterator()
        #expect(await closes.next() == "closed")
    }

    @Test func aBodyPastTheLimitIsAnsweredBeforeItsEnd() throws {
        let client = try FrameClient()
        client.send(.headers(1, FrameClient.post("/echo", length: HTTPLimits.requestBodyBytesMax + 1), endStream: false))
        let frames = try client.received()
        #expect(try frames.first?.fields()[":status"] == "413")
        // What is still under way is taken and thrown away.
        client.send(.data(1, [UInt8](repeating: 1, count: 100)))
        client.send(.reset(1))
        client.send(.headers(3, FrameClient.get("/echo"), endStream: true))
        #expect(try client.received().last?.stream == 3)
    }

    @Test func aShutdownLetsRequestsEnd() throws {
        let client = try FrameClient(holding: true)
        client.send(.headers(1, FrameClient.get("/x"), endStream: true))
        client.quiesce()
        #expect(try client.received().map(\.kind) == [7])
        client.send(.headers(3, FrameClient.get("/x"), endStream: true))
        #expect(try client.received().map(\.resetCode) == [7])
        #expect(client.isOpen)
        client.answerHeld()
        #expect(try client.received().map(\.kind) == [1, 0])
        #expect(!client.isOpen)
    }

    @Test func aClientThatSaysGoodbyeIsLetGo() throws {
        let client = try FrameClient()
        client.send(.init(kind: 7, flags: 0, stream: 0, payload: [UInt8](repeating: 0, count: 8)))
        client.run()
        #expect(!client.isOpen)
    }

    @Test func tooManyRequestsAtATimeAreRefused() throws {
        let client = try FrameClient(holding: true)
        for index in 0...HTTPLimits.concurrentStreamsMax { client.send(.headers(UInt32(1 + 2 * index), FrameClient.get("/x"), endStream: true)) }
        let frames = try client.received()
        #expect(frames.map(\.kind) == [3])
        #expect(frames[0].resetCode == 7)
        client.answerHeld()
        #expect(try client.received().filter { $0.kind == 1 }.count == HTTPLimits.concurrentStreamsMax)
    }

    // MARK: Clients that break the protocol

    /// Frames after which the stream is reset, with the code, and the connection goes on.
    @Test(arguments: [
        ("upper case", 1, [FrameClient.Frame.headers(1, FrameClient.get("/") + FrameClient.field("X-Big", "1"), endStream: true)]),
        ("connection header", 1, [.headers(1, FrameClient.get("/") + FrameClient.field("connection", "close"), endStream: true)]),
        ("te", 1, [.headers(1, FrameClient.get("/") + FrameClient.field("te", "gzip"), endStream: true)]),
        ("no path", 1, [.headers(1, FrameClient.field(":method", "GET") + FrameClient.field(":scheme", "https"), endStream: true)]),
        ("double method", 1, [.headers(1, FrameClient.get("/") + FrameClient.field(":method", "GET"), endStream: true)]),
        ("unknown pseudo header", 1, [.headers(1, FrameClient.get("/") + FrameClient.field(":nose", "x"), endStream: true)]),
        ("late pseudo header", 1, [.headers(1, FrameClient.field("a", "b") + FrameClient.get("/"), endStream: true)]),
        ("a line break", 1, [.headers(1, FrameClient.get("/") + FrameClient.field("a", "b\r\nc: d"), endStream: true)]),
        ("bad length", 1, [.headers(1, FrameClient.get("/") + FrameClient.field("content-length", "-4"), endStream: true)]),
        ("no body for the length", 1, [.headers(1, FrameClient.post("/echo", length: 5), endStream: true)]),
        ("less than the length", 1, [.headers(1, FrameClient.post("/echo", length: 5), endStream: false), .data(1, [1], endStream: true)]),
        ("more than the length", 1, [.headers(1, FrameClient.post("/echo", length: 1), endStream: false), .data(1, [1, 2], endStream: true)]),
        ("data after the end", 5, [.headers(1, FrameClient.get("/endless"), endStream: true), .data(1, [1])]),
        (
            "headers on a closed stream", 5,
            [.headers(1, FrameClient.get("/echo"), endStream: true), .headers(1, FrameClient.get("/echo"), endStream: true)]
        ),
        ("data on a closed stream", 5, [.headers(1, FrameClient.get("/echo"), endStream: true), .data(1, [1])]),
        ("a window of the stream that is too large", 3, [.headers(1, FrameClient.get("/endless"), endStream: true), .windowUpdate(1, 0x7FFF_FFFF)]),
        ("an increment of nothing", 1, [.headers(1, FrameClient.get("/endless"), endStream: true), .windowUpdate(1, 0)]),
        (
            "trailers that do not end", 1,
            [.headers(1, FrameClient.request("POST", "/echo"), endStream: false), .headers(1, FrameClient.field("a", "b"), endStream: false)]
        ),
    ])
    func aBrokenStreamIsReset(what: String, code: UInt32, frames: [FrameClient.Frame]) throws {
        let client = try FrameClient()
        for frame in frames { client.send(frame) }
        #expect(try client.received().last { $0.kind == 3 }?.resetCode == code, "\(what)")
        client.send(.headers(101, FrameClient.get("/echo"), endStream: true))
        #expect(try client.received().last?.stream == 101)
        #expect(client.isOpen)
    }

    /// Bytes after which the connection is over, with the code.
    @Test(arguments: [
        ("an even stream", 1, FrameClient.Frame.headers(2, FrameClient.get("/"), endStream: true).bytes),
        ("headers on stream 0", 1, FrameClient.Frame.headers(0, FrameClient.get("/"), endStream: true).bytes),
        ("data on stream 0", 1, FrameClient.Frame.data(0, [1]).bytes),
        ("data on an idle stream", 1, FrameClient.Frame.data(1, [1]).bytes),
        ("a reset of an idle stream", 1, FrameClient.Frame.reset(1).bytes),
        ("a window of an idle stream", 1, FrameClient.Frame.windowUpdate(1, 1).bytes),
        ("an increment of nothing", 1, FrameClient.Frame.windowUpdate(0, 0).bytes),
        ("a window that is too large", 3, FrameClient.Frame.windowUpdate(0, 0x7FFF_FFFF).bytes),
        ("a push", 1, FrameClient.Frame(kind: 5, flags: 4, stream: 1, payload: [0, 0, 0, 2]).bytes),
        ("a continuation of nothing", 1, FrameClient.Frame(kind: 9, flags: 4, stream: 1, payload: []).bytes),
        (
            "a header block that is not ended", 1,
            FrameClient.Frame(kind: 1, flags: 0, stream: 1, payload: []).bytes + FrameClient.Frame.data(1, [1]).bytes
        ),
        ("settings of five bytes", 6, FrameClient.Frame(kind: 4, flags: 0, stream: 0, payload: [1, 2, 3, 4, 5]).bytes),
        ("settings of a stream", 1, FrameClient.Frame(kind: 4, flags: 0, stream: 1, payload: []).bytes),
        ("a window setting that is too large", 3, FrameClient.Frame.settings([(4, 0x8000_0000)]).bytes),
        ("a frame size setting that is too small", 1, FrameClient.Frame.settings([(5, 100)]).bytes),
        ("push that is neither on nor off", 1, FrameClient.Frame.settings([(2, 2)]).bytes),
        ("a short ping", 6, FrameClient.Frame(kind: 6, flags: 0, stream: 0, payload: [1]).bytes),
        ("a ping of a stream", 1, FrameClient.Frame(kind: 6, flags: 0, stream: 3, payload: [UInt8](repeating: 0, count: 8)).bytes),
        ("a frame that is too large", 6, [0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 1]),
        ("headers that cannot be read", 9, FrameClient.Frame.headers(1, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], endStream: true).bytes),
        ("more padding than payload", 1, FrameClient.Frame(kind: 1, flags: 0xD, stream: 1, payload: [200, 1]).bytes),
    ])
    func aBrokenConnectionIsClosed(what: String, code: UInt32, bytes: [UInt8]) throws {
        let client = try FrameClient()
        client.send(bytes)
        #expect(try client.received().last { $0.kind == 7 }?.goAwayCode == code, "\(what)")
        #expect(!client.isOpen)
    }

    @Test func aConnectionBeginsWithThePreface() throws {
        let client = try FrameClient(preface: false)
        client.send(Array("GET / HTTP/1.1\r\n\r\n".utf8))
        #expect(!client.isOpen)
    }

    @Test(arguments: [
        FrameClient.Frame(kind: 6, flags: 0, stream: 0, payload: [UInt8](repeating: 0, count: 8)),
        FrameClient.Frame(kind: 4, flags: 0, stream: 0, payload: []),
        FrameClient.Frame(kind: 2, flags: 0, stream: 1, payload: [0, 0, 0, 0, 1]),
    ])
    func aFloodOfFramesThatOnlyCostIsStopped(frame: FrameClient.Frame) throws {
        let client = try FrameClient()
        for _ in 0...FrameClient.floodMax where client.isOpen { client.send(frame) }
        #expect(try client.received().last { $0.kind == 7 }?.goAwayCode == 11)
        #expect(!client.isOpen)
    }

    @Test func aFloodOfResetsIsStopped() throws {
        let client = try FrameClient(holding: true)
        var stream: UInt32 = 1
        while client.isOpen, stream < 2 * UInt32(FrameClient.floodMax) + 100 {
            client.send(.headers(stream, FrameClient.get("/x"), endStream: true))
            client.send(.reset(stream))
            stream += 2
        }
        #expect(!client.isOpen)
        client.answerHeld()
    }

    @Test func headersWithoutEndAreStopped() throws {
        let client = try FrameClient()
        client.send(.init(kind: 1, flags: 1, stream: 1, payload: FrameClient.get("/")))
        for _ in 0..<HTTPLimits.headerFramesMax where client.isOpen { client.send(.init(kind: 9, flags: 0, stream: 1, payload: [])) }
        #expect(try client.received().last?.goAwayCode == 11)
        #expect(!client.isOpen)
    }

    /// Random damage to a good conversation: an answer, a reset or an end, and never a trap.
    @Test func damagedFrames() throws {
        var random = SplitMix(state: 42)
        for _ in 0..<200 {
            let client = try FrameClient()
            var bytes =
                FrameClient.Frame.headers(1, FrameClient.post("/echo", length: 3), endStream: false).bytes
                + FrameClient.Frame.data(1, [1, 2, 3], endStream: true).bytes + FrameClient.Frame.windowUpdate(0, 5).bytes
                + FrameClient.Frame.headers(3, FrameClient.get("/large"), endStream: true).bytes + FrameClient.Frame.settings([(4, 7)]).bytes
                + FrameClient.Frame.headers(5, FrameClient.get("/endless"), endStream: true).bytes + FrameClient.Frame.reset(3).bytes
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: place)
                default: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
                }
            }
            client.send(bytes)
            client.close()
        }
    }
}

private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
