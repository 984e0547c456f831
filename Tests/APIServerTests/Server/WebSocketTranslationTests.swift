import NIOCore
import Testing

@testable import APIServer

/// A client's frame, masked as clients must.
private func frame(_ opcode: UInt8, _ payload: [UInt8], isFinal: Bool = true, isMasked: Bool = true) -> [UInt8] {
    var bytes: [UInt8] = [(isFinal ? 0x80 : 0) | opcode]
    let mark: UInt8 = isMasked ? 0x80 : 0
    switch payload.count {
    case ..<126: bytes.append(mark | UInt8(payload.count))
    case ..<65536: bytes += [mark | 126, UInt8(payload.count >> 8), UInt8(payload.count & 255)]
    default: bytes += [mark | 127] + (0..<8).reversed().map { UInt8(payload.count >> ($0 * 8) & 255) }
    }
    guard isMasked else { return bytes + payload }
    let mask: [UInt8] = [1, 2, 3, 4]
    return bytes + mask + payload.enumerated().map { $1 ^ mask[$0 & 3] }
}

private func events(_ reader: inout WebSocketReader, _ bytes: [UInt8]) -> [WebSocketReader.Event] {
    reader.feed(ByteBuffer(bytes: bytes))
    var found: [WebSocketReader.Event] = []
    while let event = reader.next() {
        found.append(event)
        if case .failure = event { break }
    }
    return found
}

private func message(_ bytes: [UInt8]) -> WebSocketReader.Event { .message(ByteBuffer(bytes: bytes)) }

@Suite("WebSockets in front of kubelets that speak SPDY")
struct WebSocketTranslationTests {
    private func options(_ query: String) -> RemoteCommandOptions { RemoteCommandOptions(QueryItems(parsing: query[...])) }

    /// The example of RFC 6455.
    @Test func theKeyIsAnswered() {
        #expect(WebSocketFrames.accept(key: "dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    }

    @Test(arguments: [0, 1, 125, 126, 65535, 65536, 200_000])
    func messagesOfAllSizesComeInAnyPieces(size: Int) {
        let payload = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let bytes = frame(2, payload) + frame(9, [1, 2]) + frame(8, [])
        let expected = [message(payload), .ping(ByteBuffer(bytes: [1, 2])), .close]
        var whole = WebSocketReader()
        #expect(events(&whole, bytes) == expected)
        var inPieces = WebSocketReader()
        var found: [WebSocketReader.Event] = []
        var index = 0
        var step = 1
        while index < bytes.count {
            let end = min(bytes.count, index + step)
            found += events(&inPieces, Array(bytes[index..<end]))
            index = end
            step = step % 4001 + 3
        }
        #expect(found == expected)
    }

    @Test func messagesInSeveralFrames() {
        var reader = WebSocketReader()
        let bytes = frame(2, [1], isFinal: false) + frame(9, []) + frame(0, [2], isFinal: false) + frame(0, [3]) + frame(10, []) + frame(1, [4])
        #expect(events(&reader, bytes) == [.ping(ByteBuffer()), message([1, 2, 3]), message([4])])
    }

    @Test(arguments: [
        frame(2, [1], isMasked: false), frame(3, []), frame(0, [1]), frame(9, [], isFinal: false), frame(9, [UInt8](repeating: 0, count: 126)),
        frame(2, [1], isFinal: false) + frame(2, [1]), [0xC2, 0x80, 0, 0, 0, 0],
    ])
    func whatIsNoWebSocket(bytes: [UInt8]) {
        var reader = WebSocketReader()
        #expect(events(&reader, bytes).last == .failure(.protocolError))
    }

    @Test func whatIsTooLarge() {
        for length: [UInt8] in [[0, 0, 0, 0, 0, 0x40, 0, 1], [UInt8](repeating: 0xFF, count: 8)] {
            var reader = WebSocketReader()
            #expect(events(&reader, [0x82, 0xFF] + length) == [.failure(.tooLarge)])
        }
        var reader = WebSocketReader()
        let piece = [UInt8](repeating: 1, count: 3 << 20)
        #expect(events(&reader, frame(2, piece, isFinal: false) + frame(0, piece)) == [.failure(.tooLarge)])
    }

    @Test func theStreamsOfACommandAreOpened() {
        let translation = RemoteCommandTranslation(options("stdin=true&stdout=true&stderr=true"))
        // An empty message of the output.
        #expect(Array(translation.greetingForClient().readableBytesView) == [0x82, 1, 1])
        let bytes = Array(translation.greetingForBackend().readableBytesView)
        // SYN_STREAM 1, its headers after the words that name the dictionary, in a block that is not compressed.
        let name = Array("streamtype".utf8)
        let headers: [UInt8] = [0, 0, 0, 1, 0, 0, 0, 10] + name + [0, 0, 0, 5] + Array("error".utf8)
        let first: [UInt8] =
            [0x80, 3, 0, 1, 0, 0, 0, UInt8(10 + 6 + 5 + headers.count + 5), 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0x78, 0xBB, 0xE3, 0xC6, 0xA7, 0xC2]
            + [0, UInt8(headers.count), 0, ~UInt8(headers.count), 0xFF] + headers + [0, 0, 0, 0xFF, 0xFF]
        #expect(Array(bytes.prefix(first.count)) == first)
        let texts = String(decoding: bytes, as: UTF8.self)
        #expect(texts.contains("stdin") && texts.contains("stdout") && texts.contains("stderr") && !texts.contains("resize"))
        let terminal = Array(RemoteCommandTranslation(options("stdin=1&stdout=1&stderr=1&tty=1")).greetingForBackend().readableBytesView)
        let terminalTexts = String(decoding: terminal, as: UTF8.self)
        #expect(terminalTexts.contains("resize") && !terminalTexts.contains("stderr"))
    }

    private func data(_ stream: UInt8, _ payload: [UInt8], flags: UInt8 = 0) -> [UInt8] {
        [0, 0, 0, stream, flags, 0, UInt8(payload.count >> 8), UInt8(payload.count & 255)] + payload
    }

    @Test func whatAClientTypesGoesToItsStreams() {
        let translation = RemoteCommandTranslation(options("stdin=true&stdout=true&tty=true"))
        func said(_ payload: [UInt8]) -> [UInt8] { Array(translation.fromClient(ByteBuffer(bytes: frame(2, payload))).onward.readableBytesView) }
        // Streams are numbered 1 (error), 3 (stdin), 5 (stdout), 7 (resize).
        #expect(said([0] + Array("ls\n".utf8)) == data(3, Array("ls\n".utf8)))
        #expect(said([4] + Array("{}".utf8)) == data(7, Array("{}".utf8)))
        // Nothing for it, unknown channels, and those that are not a client's.
        for nothing: [UInt8] in [[], [0], [1, 65], [3, 65], [77, 65], [255], [255, 1]] { #expect(said(nothing).isEmpty) }
        #expect(said([255, 0]) == data(3, [], flags: 1))
        #expect(said([255, 0]).isEmpty && said([0, 65]).isEmpty)
        let pinged = translation.fromClient(ByteBuffer(bytes: frame(9, [7])))
        #expect(Array(pinged.back.readableBytesView) == [0x8A, 1, 7] && !pinged.isOver)
        let closed = translation.fromClient(ByteBuffer(bytes: frame(8, [])))
        #expect(Array(closed.back.readableBytesView) == [0x88, 2, 3, 0xE8] && closed.isOver)
    }

    @Test func whatACommandSaysGoesToItsChannels() {
        let translation = RemoteCommandTranslation(options("stdout=true&stderr=true"))
        let reply: [UInt8] = [0x80, 3, 0, 2, 0, 0, 0, 4, 0, 0, 0, 1]
        let settings: [UInt8] = [0x80, 3, 0, 4, 0, 0, 0, 0]
        let ping: [UInt8] = [0x80, 3, 0, 6, 0, 0, 0, 4, 0, 0, 0, 2]
        let bytes =
            reply + settings + data(3, [65, 66]) + ping + data(5, [67]) + data(9, [1]) + data(3, [], flags: 1) + data(1, [123, 125], flags: 1)
        var onward: [UInt8] = []
        var back: [UInt8] = []
        // Byte by byte.
        for byte in bytes {
            let result = translation.fromBackend(ByteBuffer(bytes: [byte]))
            onward += result.onward.readableBytesView
            back += result.back.readableBytesView
            #expect(!result.isOver)
        }
        #expect(onward == [0x82, 3, 1, 65, 66, 0x82, 2, 2, 67, 0x82, 3, 3, 123, 125])
        #expect(back == ping)
        // Its last stream is reset: all is said.
        let last = translation.fromBackend(ByteBuffer(bytes: [0x80, 3, 0, 3, 0, 0, 0, 8, 0, 0, 0, 5, 0, 0, 0, 5]))
        #expect(last.isOver && Array(last.onward.readableBytesView) == [0x88, 2, 3, 0xE8])
    }

    @Test(arguments: [[0x80, 2, 0, 1, 0, 0, 0, 0], [0, 0, 0, 1, 0, 0xFF, 0xFF, 0xFF], [0x80, 3, 0, 3, 0, 0, 0, 2, 0, 0]] as [[UInt8]])
    func aKubeletThatSpeaksSomethingElse(bytes: [UInt8]) {
        let result = RemoteCommandTranslation(options("stdout=true")).fromBackend(ByteBuffer(bytes: bytes))
        #expect(result.isOver && Array(result.onward.readableBytesView) == [0x88, 2, 3, 0xEA])
    }

    @Test func forwardedPortsAreCarriedAsTheyAre() {
        let translation = PortForwardTranslation()
        #expect(Array(translation.fromClient(ByteBuffer(bytes: frame(2, [1, 2]) + frame(2, [3]))).onward.readableBytesView) == [1, 2, 3])
        #expect(Array(translation.fromBackend(ByteBuffer(bytes: [9, 8])).onward.readableBytesView) == [0x82, 2, 9, 8])
        let refused = translation.fromClient(ByteBuffer(bytes: frame(2, [1], isMasked: false)))
        #expect(refused.isOver && Array(refused.back.readableBytesView) == [0x88, 2, 3, 0xEA])
    }
}
