import Crypto
import JSON
import NIOCore

/// WebSocket (RFC 6455) on the side of a server, as far as tunnels need it.
enum WebSocketFrames {
    enum Opcode: UInt8 {
        case continuation = 0
        case text = 1
        case binary = 2
        case close = 8
        case ping = 9
        case pong = 10
    }

    /// Why a connection is closed.
    enum CloseCode: UInt16 {
        case normal = 1000
        case protocolError = 1002
        case tooLarge = 1009
    }

    /// What proves that the key of a request was understood.
    static func accept(key: String) -> String {
        Base64.encode(Array(Insecure.SHA1.hash(data: Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8))))
    }

    static func write(_ opcode: Opcode, _ payload: ByteBuffer, prefix: UInt8? = nil, to buffer: inout ByteBuffer) {
        let length = payload.readableBytes + (prefix == nil ? 0 : 1)
        buffer.writeInteger(0x80 | opcode.rawValue)
        switch length {
        case ..<126: buffer.writeInteger(UInt8(length))
        case ..<65536: buffer.writeMultipleIntegers(UInt8(126), UInt16(length))
        default: buffer.writeMultipleIntegers(UInt8(127), UInt64(length))
        }
        if let prefix { buffer.writeInteger(prefix) }
        buffer.writeImmutableBuffer(payload)
    }

    static func close(_ code: CloseCode, to buffer: inout ByteBuffer) {
        write(.close, ByteBuffer(integer: code.rawValue), to: &buffer)
    }
}

/// Puts messages together from the bytes of a client.
struct WebSocketReader {
    enum Event: Equatable {
        case message(ByteBuffer)
        case ping(ByteBuffer)
        case close
        /// What is no WebSocket, or more than is taken.
        case failure(WebSocketFrames.CloseCode)
    }

    /// A message of a client is a keystroke or a piece of a stream.
    static let messageBytesMax = 4 << 20
    private static let controlBytesMax = 125

    private var bytes = ByteBuffer()
    /// The pieces of a message that have come.
    private var pieces: ByteBuffer?

    mutating func feed(_ more: ByteBuffer) {
        bytes.discardReadBytes()
        bytes.writeImmutableBuffer(more)
    }

    /// Nil until there is more.
    mutating func next() -> Event? {
        while true {
            guard let header = header() else { return nil }
            guard let opcode = WebSocketFrames.Opcode(rawValue: header.opcode), header.isMasked, header.isPlain else {
                return .failure(.protocolError)
            }
            let isControl = opcode.rawValue >= WebSocketFrames.Opcode.close.rawValue
            if isControl, header.length > Self.controlBytesMax || !header.isFinal { return .failure(.protocolError) }
            guard header.length <= UInt64(Self.messageBytesMax - (pieces?.readableBytes ?? 0)) else { return .failure(.tooLarge) }
            let size = header.size + 4
            guard bytes.readableBytes >= size + Int(header.length) else { return nil }
            bytes.moveReaderIndex(forwardBy: header.size)
            guard let mask = bytes.readBytes(length: 4), var payload = bytes.readSlice(length: Int(header.length)) else { return nil }
            Self.unmask(&payload, mask)
            switch opcode {
            case .close: return .close
            case .ping: return .ping(payload)
            case .pong: continue
            case .text, .binary, .continuation:
                guard (opcode == .continuation) == (pieces != nil) else { return .failure(.protocolError) }
                var message = pieces ?? ByteBuffer()
                message.writeImmutableBuffer(payload)
                pieces = header.isFinal ? nil : message
                if header.isFinal { return .message(message) }
            }
        }
    }

    private struct Header {
        var opcode: UInt8
        var isFinal: Bool
        var isMasked: Bool
        /// Whether no extension is in use.
        var isPlain: Bool
        var length: UInt64
        /// Without the mask.
        var size: Int
    }

    private func header() -> Header? {
        let start = bytes.readerIndex
        guard let first: UInt8 = bytes.getInteger(at: start), let second: UInt8 = bytes.getInteger(at: start + 1) else { return nil }
        var header = Header(
            opcode: first & 0x0F, isFinal: first & 0x80 != 0, isMasked: second & 0x80 != 0, isPlain: first & 0x70 == 0, length: UInt64(second & 0x7F),
            size: 2)
        switch header.length {
        case 126:
            guard let length: UInt16 = bytes.getInteger(at: start + 2) else { return nil }
            header.length = UInt64(length)
            header.size = 4
        case 127:
            guard let length: UInt64 = bytes.getInteger(at: start + 2) else { return nil }
            header.length = length
            header.size = 10
        default: break
        }
        return header
    }

    private static func unmask(_ payload: inout ByteBuffer, _ mask: [UInt8]) {
        payload.withUnsafeMutableReadableBytes { bytes in
            for index in bytes.indices { bytes[index] ^= mask[index & 3] }
        }
    }
}
