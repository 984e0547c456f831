import NIOCore

/// One frame as it came (RFC 9113, section 4).
struct HTTP2Frame {
    enum Kind {
        static let data: UInt8 = 0
        static let headers: UInt8 = 1
        static let priority: UInt8 = 2
        static let resetStream: UInt8 = 3
        static let settings: UInt8 = 4
        static let pushPromise: UInt8 = 5
        static let ping: UInt8 = 6
        static let goAway: UInt8 = 7
        static let windowUpdate: UInt8 = 8
        static let continuation: UInt8 = 9
    }

    enum Flag {
        static let endStream: UInt8 = 0x1
        static let acknowledgment: UInt8 = 0x1
        static let endHeaders: UInt8 = 0x4
        static let padded: UInt8 = 0x8
        static let priority: UInt8 = 0x20
    }

    static let headerBytes = 9
    /// The largest payload that both sides take without having agreed on another.
    static let payloadBytesStandard = 16_384

    var kind: UInt8
    var flags: UInt8
    var stream: UInt32
    var payload: ByteBuffer

    func has(_ flag: UInt8) -> Bool { flags & flag != 0 }

    /// Takes the padding away that a frame of data or headers may have.
    mutating func removePadding() throws(HTTP2Violation) {
        guard has(Flag.padded) else { return }
        guard let length = payload.readInteger(as: UInt8.self), Int(length) <= payload.readableBytes else {
            throw HTTP2Violation(.protocolError, "more padding than payload")
        }
        payload.moveWriterIndex(to: payload.writerIndex - Int(length))
    }
}

/// RFC 9113, section 7.
enum HTTP2ErrorCode: UInt32 {
    case noError = 0
    case protocolError = 1
    case internalError = 2
    case flowControlError = 3
    case streamClosed = 5
    case frameSizeError = 6
    case refusedStream = 7
    case cancel = 8
    case compressionError = 9
    case enhanceYourCalm = 11
}

/// The client broke the protocol. Ends the stream if there is one, else the connection.
struct HTTP2Violation: Error {
    let code: HTTP2ErrorCode
    let stream: UInt32?
    /// Sent along with the connection's end, for whoever debugs the client.
    let reason: StaticString

    init(_ code: HTTP2ErrorCode, _ reason: StaticString, stream: UInt32? = nil) {
        self.code = code
        self.stream = stream
        self.reason = reason
    }
}

extension ByteBuffer {
    mutating func writeFrameHeader(kind: UInt8, flags: UInt8, stream: UInt32, length: Int) {
        writeMultipleIntegers(UInt32(truncatingIfNeeded: length) << 8 | UInt32(kind), flags, stream)
    }

    mutating func writeWindowUpdate(stream: UInt32, increment: Int) {
        writeFrameHeader(kind: HTTP2Frame.Kind.windowUpdate, flags: 0, stream: stream, length: 4)
        writeInteger(UInt32(truncatingIfNeeded: increment))
    }

    mutating func writeResetStream(_ stream: UInt32, _ code: HTTP2ErrorCode) {
        writeFrameHeader(kind: HTTP2Frame.Kind.resetStream, flags: 0, stream: stream, length: 4)
        writeInteger(code.rawValue)
    }

    mutating func writeGoAway(lastStream: UInt32, _ code: HTTP2ErrorCode, reason: StaticString) {
        writeFrameHeader(kind: HTTP2Frame.Kind.goAway, flags: 0, stream: 0, length: 8 + reason.utf8CodeUnitCount)
        writeMultipleIntegers(lastStream, code.rawValue)
        writeStaticString(reason)
    }
}

/// Cuts what comes from a client into frames.
struct HTTP2FrameReader {
    private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    private var unread = ByteBuffer()
    private var isPastPreface = false

    mutating func append(_ bytes: ByteBuffer) {
        if unread.readableBytes == 0 {
            unread = bytes
        } else {
            unread.discardReadBytes()
            unread.writeImmutableBuffer(bytes)
        }
    }

    /// The next whole frame; nil when more bytes must come first.
    mutating func next() throws(HTTP2Violation) -> HTTP2Frame? {
        if unread.readableBytes == 0 {
            // Let go of, so that what reads from the network can use the buffer again.
            unread = ByteBuffer()
            return nil
        }
        if !isPastPreface {
            let length = min(unread.readableBytes, Self.preface.count)
            guard unread.readableBytesView.prefix(length).elementsEqual(Self.preface.prefix(length)) else {
                throw HTTP2Violation(.protocolError, "the connection does not begin with the preface of HTTP/2")
            }
            guard length == Self.preface.count else { return nil }
            unread.moveReaderIndex(forwardBy: length)
            isPastPreface = true
        }
        guard let (start, flags, stream) = unread.peekMultipleIntegers(as: (UInt32, UInt8, UInt32).self) else { return nil }
        let length = Int(start >> 8)
        guard length <= HTTP2Frame.payloadBytesStandard else { throw HTTP2Violation(.frameSizeError, "the frame is larger than agreed") }
        guard unread.readableBytes >= HTTP2Frame.headerBytes + length else { return nil }
        unread.moveReaderIndex(forwardBy: HTTP2Frame.headerBytes)
        guard let payload = unread.readSlice(length: length) else { return nil }
        return HTTP2Frame(kind: UInt8(truncatingIfNeeded: start), flags: flags, stream: stream & 0x7FFF_FFFF, payload: payload)
    }
}
