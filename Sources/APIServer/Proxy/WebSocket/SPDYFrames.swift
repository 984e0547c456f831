import NIOCore

/// SPDY/3.1 on the side of a client that opens streams and is not asked for any: what `exec` and `attach` need of a kubelet.
enum SPDYFrames {
    enum Control: UInt16 {
        case synStream = 1
        case reset = 3
        case ping = 6
    }

    static let fin: UInt8 = 1
    static let version: UInt16 = 3
    /// How every compressed stream of headers of this version begins: zlib, with the dictionary that the protocol names (its Adler-32).
    private static let compression: [UInt8] = [0x78, 0xBB, 0xE3, 0xC6, 0xA7, 0xC2]

    /// Opens a stream with one header.
    ///
    /// - Parameter isFirst: of the connection, whose headers are one compressed stream.
    static func open(_ id: UInt32, _ name: String, _ value: String, isFirst: Bool, to buffer: inout ByteBuffer) {
        var headers = ByteBuffer()
        headers.writeInteger(UInt32(1))
        for text in [name, value] {
            headers.writeInteger(UInt32(text.utf8.count))
            headers.writeString(text)
        }
        var block = ByteBuffer(bytes: isFirst ? compression : [])
        // A block that is stored as it is: few short headers are not worth more.
        let count = UInt16(headers.readableBytes)
        block.writeInteger(UInt8(0))
        block.writeMultipleIntegers(count, ~count, endianness: .little)
        block.writeImmutableBuffer(headers)
        // An empty one, by which the reader knows to give away what it has.
        block.writeBytes([0, 0, 0, 0xFF, 0xFF])
        control(.synStream, length: 10 + block.readableBytes, to: &buffer)
        // No stream that it belongs to, no priority.
        buffer.writeMultipleIntegers(id, UInt32(0), UInt16(0))
        buffer.writeImmutableBuffer(block)
    }

    static func data(_ id: UInt32, _ payload: ByteBuffer, flags: UInt8 = 0, to buffer: inout ByteBuffer) {
        buffer.writeInteger(id)
        buffer.writeInteger(UInt32(flags) << 24 | UInt32(payload.readableBytes))
        buffer.writeImmutableBuffer(payload)
    }

    static func pong(_ payload: ByteBuffer, to buffer: inout ByteBuffer) {
        control(.ping, length: payload.readableBytes, to: &buffer)
        buffer.writeImmutableBuffer(payload)
    }

    private static func control(_ type: Control, length: Int, to buffer: inout ByteBuffer) {
        buffer.writeMultipleIntegers(0x8000 | version, type.rawValue, UInt32(length))
    }
}

/// Takes frames apart that a kubelet sends.
struct SPDYReader {
    enum Event: Equatable {
        case data(stream: UInt32, ByteBuffer)
        /// Nothing more comes on it.
        case end(stream: UInt32)
        case ping(ByteBuffer)
        case failure
    }

    /// More than runtimes put into one piece.
    static let frameBytesMax = 4 << 20

    private var bytes = ByteBuffer()
    /// The stream whose last piece has just been told of.
    private var ended: UInt32?

    mutating func feed(_ more: ByteBuffer) {
        bytes.discardReadBytes()
        bytes.writeImmutableBuffer(more)
    }

    /// Nil until there is more.
    mutating func next() -> Event? {
        if let stream = ended {
            ended = nil
            return .end(stream: stream)
        }
        while true {
            let start = bytes.readerIndex
            guard let first: UInt32 = bytes.getInteger(at: start), let second: UInt32 = bytes.getInteger(at: start + 4) else { return nil }
            let length = Int(second & 0xFF_FFFF)
            guard length <= Self.frameBytesMax else { return .failure }
            guard bytes.readableBytes >= 8 + length else { return nil }
            bytes.moveReaderIndex(forwardBy: 8)
            guard var payload = bytes.readSlice(length: length) else { return nil }
            if first & 0x8000_0000 == 0 {
                let stream = first & 0x7FFF_FFFF
                let isLast = second >> 24 & UInt32(SPDYFrames.fin) != 0
                if length == 0, !isLast { continue }
                if length == 0 { return .end(stream: stream) }
                if isLast { ended = stream }
                return .data(stream: stream, payload)
            }
            guard first >> 16 & 0x7FFF == UInt32(SPDYFrames.version) else { return .failure }
            switch SPDYFrames.Control(rawValue: UInt16(truncatingIfNeeded: first)) {
            case .reset:
                guard let stream: UInt32 = payload.readInteger() else { return .failure }
                return .end(stream: stream & 0x7FFF_FFFF)
            case .ping: return .ping(payload)
            // Replies, windows and settings say nothing that matters here.
            case .synStream, nil: continue
            }
        }
    }
}
