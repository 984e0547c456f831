import Logging
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Synchronization
import Testing

@testable import APIServer

/// The client's side of an HTTP/2 connection, frame by frame, on a channel without a network.
final class FrameClient {
    struct Frame: Sendable, CustomTestStringConvertible {
        var kind: UInt8
        var flags: UInt8
        var stream: UInt32
        var payload: [UInt8]

        static func headers(_ stream: UInt32, _ block: [UInt8], endStream: Bool) -> Frame {
            Frame(kind: 1, flags: endStream ? 0x5 : 0x4, stream: stream, payload: block)
        }
        static func data(_ stream: UInt32, _ bytes: [UInt8], endStream: Bool = false) -> Frame {
            Frame(kind: 0, flags: endStream ? 1 : 0, stream: stream, payload: bytes)
        }
        static func reset(_ stream: UInt32) -> Frame { Frame(kind: 3, flags: 0, stream: stream, payload: [0, 0, 0, 8]) }
        static func windowUpdate(_ stream: UInt32, _ increment: UInt32) -> Frame {
            Frame(kind: 8, flags: 0, stream: stream, payload: word(increment))
        }
        static func settings(_ settings: [(UInt16, UInt32)]) -> Frame {
            Frame(kind: 4, flags: 0, stream: 0, payload: settings.flatMap { [UInt8($0.0 >> 8), UInt8($0.0 & 255)] + word($0.1) })
        }

        private static func word(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) } }

        var bytes: [UInt8] { Array(Frame.word(UInt32(payload.count)).dropFirst()) + [kind, flags] + Frame.word(stream) + payload }

        private func word(at index: Int) -> UInt32? {
            payload.count < index + 4 ? nil : payload[index..<(index + 4)].reduce(0) { $0 << 8 | UInt32($1) }
        }
        var resetCode: UInt32? { kind == 3 ? word(at: 0) : nil }
        var goAwayCode: UInt32? { kind == 7 ? word(at: 4) : nil }
        var increment: Int { kind == 8 ? Int(word(at: 0) ?? 0) : 0 }
        var testDescription: String { "kind \(kind), flags \(flags), stream \(stream), \(payload.count) bytes" }

        /// The fields of a header block as the server writes them: static names and plain text, no table.
        func fields() throws -> [String: String] {
            let names: [Int: String] = [
                8: ":status", 24: "cache-control", 28: "content-length", 31: "content-type", 33: "date", 46: "location", 53: "retry-after",
            ]
            let statuses: [UInt8: String] = [0x88: "200", 0x89: "204", 0x8C: "400", 0x8D: "404", 0x8E: "500"]
            var fields: [String: String] = [:]
            var rest = payload[...]
            func octet() throws -> UInt8 {
                let first = try #require(rest.first)
                rest.removeFirst()
                return first
            }
            func number(_ bits: Int) throws -> Int {
                let limit = 1 << bits - 1
                var value = Int(try octet()) & limit
                guard value == limit else { return value }
                var shift = 0
                while true {
                    let byte = Int(try octet())
                    value += (byte & 127) << shift
                    shift += 7
                    if byte < 128 { return value }
                }
            }
            func text() throws -> String {
                let length = try number(7)
                defer { rest.removeFirst(length) }
                return String(decoding: rest.prefix(length), as: UTF8.self)
            }
            while let first = rest.first {
                if first == 0x20 {
                    rest.removeFirst()
                } else if let status = statuses[first] {
                    rest.removeFirst()
                    fields[":status"] = status
                } else {
                    let name = try number(4)
                    fields[name == 0 ? try text() : try #require(names[name])] = try text()
                }
            }
            return fields
        }
    }

    /// How many frames of a kind that only costs the server takes here.
    static let floodMax = 100

    let channel = EmbeddedChannel()
    let echo = EchoHandler()
    private let held = HeldRequests()
    private let pieces: Int?

    /// - Parameters:
    ///   - holding: requests are kept until `answerHeld`.
    ///   - pieces: what is sent comes in pieces of so many bytes.
    init(preface: Bool = true, settings: [(UInt16, UInt32)] = [], holding: Bool = false, pieces: Int? = nil) throws {
        self.pieces = pieces
        let front = HTTPFront(
            handler: holding ? held : echo, ids: RequestIDSource(), counter: InFlightCounter(), logger: Logger(label: "test"))
        try channel.connect(to: SocketAddress(unixDomainSocketPath: "/x")).wait()
        try channel.pipeline.syncOperations.addHandler(
            HTTP2Connection(
                front: front, client: ClientConnection(remoteAddress: "192.0.2.1", certificate: .absent), controlFramesMax: Self.floodMax,
                streamResetsMax: Self.floodMax))
        guard preface else { return }
        send(Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + Frame.settings(settings).bytes)
        // The server's settings, its larger window, and its acknowledgment of ours.
        let frames = try received()
        #expect(frames.map(\.kind) == [4, 8, 4])
    }

    deinit {
        held.answer()
        echo.closes.continuation.finish()
        _ = try? channel.finish(acceptAlreadyClosed: true)
    }

    var isOpen: Bool { channel.isActive }

    func send(_ frame: Frame) { send(frame.bytes) }

    func send(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = rest.prefix(pieces ?? rest.count)
            rest = rest.dropFirst(piece.count)
            channel.pipeline.fireChannelRead(ByteBuffer(bytes: piece))
            channel.pipeline.fireChannelReadComplete()
        }
        run()
    }

    /// Lets the loop do what has been put off.
    func run() { channel.embeddedEventLoop.run() }

    func answerHeld() {
        held.answer()
        run()
    }

    func quiesce() {
        channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        run()
    }

    func close() {
        channel.close(promise: nil)
        run()
    }

    /// How many times the server has written since the last look. What it wrote is gone.
    func writes() -> Int {
        var count = 0
        while let buffer = try? channel.readOutbound(as: ByteBuffer.self) { count += buffer.readableBytes > 0 ? 1 : 0; passed.append(buffer) }
        return count
    }

    private var passed: [ByteBuffer] = []

    /// The frames that have come since the last look.
    func received() throws -> [Frame] {
        _ = writes()
        var bytes = ByteBuffer()
        for buffer in passed { bytes.writeImmutableBuffer(buffer) }
        passed = []
        var frames: [Frame] = []
        while let (start, flags, stream) = bytes.readMultipleIntegers(as: (UInt32, UInt8, UInt32).self) {
            let payload = bytes.readBytes(length: Int(start >> 8)) ?? []
            frames.append(
                Frame(
                    kind: UInt8(start & 255), flags: flags, stream: stream, payload: payload))
        }
        #expect(bytes.readableBytes == 0)
        return frames
    }

    // MARK: Header blocks, as literals without a table

    static func field(_ name: String, _ value: String) -> [UInt8] { [0] + text(name) + text(value) }

    static func request(_ method: String, _ path: String) -> [UInt8] {
        field(":method", method) + field(":scheme", "https") + field(":authority", "x") + field(":path", path)
    }

    static func get(_ path: String) -> [UInt8] { request("GET", path) }

    static func post(_ path: String, length: Int) -> [UInt8] { request("POST", path) + field("content-length", "\(length)") }

    private static func text(_ text: String) -> [UInt8] {
        var rest = text.utf8.count
        var bytes: [UInt8] = []
        if rest < 127 {
            bytes = [UInt8(rest)]
        } else {
            bytes = [127]
            rest -= 127
            while rest >= 128 {
                bytes.append(UInt8(rest & 127 | 128))
                rest >>= 7
            }
            bytes.append(UInt8(rest))
        }
        return bytes + Array(text.utf8)
    }
}

/// Keeps requests open until told to answer.
private final class HeldRequests: RequestHandler {
    private let responders = Mutex<[any Responder]>([])

    func handle(_ request: APIRequest, _ responder: any Responder) {
        responders.withLock { $0.append(responder) }
    }

    func answer() {
        let waiting = responders.withLock { responders in
            defer { responders = [] }
            return responders
        }
        for responder in waiting { responder.respond(status: 200, headers: [:], body: Array("held".utf8)) }
    }
}
