import NIOCore
import NIOHTTP1

/// One stream, that is one request and its answer, of an HTTP/2 connection. Only touched on the connection's loop.
final class HTTP2Stream: ResponseSink {
    private enum Phase {
        case receiving(RequestAssembly)
        case answering
        case streaming(FrontStreamWriter)
        /// The answer has been handed over; what the client still sends is thrown away.
        case answered
        case gone
    }

    let id: UInt32
    private var connection: HTTP2Connection?
    private var phase: Phase
    private let isHead: Bool
    private let began = NIODeadline.now()
    /// Whom to tell when the client goes before it has its answer.
    private var abandonment: (@Sendable () -> Void)?

    // The request.
    private(set) var isRequestComplete = false
    private var receiveWindow = HTTP2ReceiveWindow(target: HTTPLimits.streamReceiveWindow)
    private let contentLength: Int?
    private var receivedBytes = 0
    private var discardedBytes = 0

    // The answer.
    /// How much the client lets us send on this stream; below zero when it has changed its mind.
    var window: Int
    private var outgoing: [ByteBuffer] = []
    private(set) var outgoingBytes = 0
    /// Whether the answer ends with what is in `outgoing`.
    private var isAnswerComplete = false
    private var isAnswerSent = false
    /// Whether the connection has this stream on its list of those that have something to send.
    var isListed = false

    init(id: UInt32, head: HTTP2RequestHead, window: Int, connection: HTTP2Connection) {
        self.id = id
        self.window = window
        self.connection = connection
        contentLength = head.contentLength
        let assembly = RequestAssembly(method: head.method, uri: head.path, headers: head.headers)
        isHead = assembly.isHead
        phase = .receiving(assembly)
    }

    // MARK: The request

    func begin(endsRequest: Bool) throws(HTTP2Violation) {
        if endsRequest {
            try requestEnded()
        } else if case .receiving(let assembly) = phase, assembly.isTooLarge {
            dispatch(assembly)
        }
    }

    /// - Parameter bytes: what counts against the window: the frame's payload with its padding.
    func receive(_ data: ByteBuffer, bytes: Int, endsRequest: Bool) throws(HTTP2Violation) {
        guard !isRequestComplete else { throw HTTP2Violation(.streamClosed, "data after the request's end", stream: id) }
        do {
            let growth = try receiveWindow.take(bytes)
            if growth > 0, !endsRequest { connection?.grow(stream: id, by: growth) }
        } catch {
            throw HTTP2Violation(error.code, error.reason, stream: id)
        }
        receivedBytes += data.readableBytes
        if let contentLength, receivedBytes > contentLength {
            throw HTTP2Violation(.protocolError, "more data than content-length tells", stream: id)
        }
        switch phase {
        case .receiving(var assembly):
            phase = .answering  // so that the buffer has one owner and can grow in place
            assembly.append(data)
            phase = .receiving(assembly)
            if assembly.isTooLarge, !endsRequest { dispatch(assembly) }
        default:
            discardedBytes += data.readableBytes
            if discardedBytes > HTTPLimits.discardedBytesMax { throw HTTP2Violation(.noError, "the answer has been sent", stream: id) }
        }
        if endsRequest { try requestEnded() }
    }

    func requestEnded() throws(HTTP2Violation) {
        guard !isRequestComplete else { throw HTTP2Violation(.streamClosed, "headers after the request's end", stream: id) }
        if let contentLength, receivedBytes != contentLength {
            throw HTTP2Violation(.protocolError, "less data than content-length tells", stream: id)
        }
        isRequestComplete = true
        if case .receiving(let assembly) = phase { dispatch(assembly) }
        leaveIfDone()
    }

    private func dispatch(_ assembly: RequestAssembly) {
        phase = .answering
        connection?.dispatch(assembly, for: self)
    }

    /// Whether the client takes too long to send its request.
    func isStale(at now: NIODeadline) -> Bool {
        if case .receiving = phase { now - began > HTTPLimits.requestTimeout } else { false }
    }

    // MARK: The answer

    func whenAbandoned(_ f: @escaping @Sendable () -> Void) {
        if case .answering = phase { abandonment = f } else { f() }
    }

    func sendWhole(status: Int, headers: HTTPHeaders, body: ByteBuffer) {
        guard case .answering = phase, let connection else { return }
        phase = .answered
        abandonment = nil
        let hasBody = !isHead && body.readableBytes > 0
        connection.writeHead(
            status: status, headers: headers, contentLength: status >= 200 && status != 204 ? body.readableBytes : nil, endStream: !hasBody,
            stream: id)
        isAnswerComplete = true
        if hasBody {
            outgoing.append(body)
            outgoingBytes = body.readableBytes
            connection.list(self)
        } else {
            answerSent()
        }
    }

    func sendHead(status: Int, headers: HTTPHeaders, writer: FrontStreamWriter) {
        guard case .answering = phase, let connection else {
            writer.connectionEnded()
            return
        }
        phase = .streaming(writer)
        abandonment = nil
        connection.writeHead(status: status, headers: headers, contentLength: nil, endStream: false, stream: id)
    }

    func sendBody(_ buffers: [ByteBuffer], bytes: Int) {
        guard case .streaming(let writer) = phase, let connection else { return }
        if isHead {
            writer.landed(bytes)
            return
        }
        outgoing += buffers
        outgoingBytes += bytes
        connection.list(self)
    }

    func sendEnd() {
        guard case .streaming = phase, let connection else { return }
        isAnswerComplete = true
        connection.list(self)
    }

    func beginTunnel(status: Int, headers: HTTPHeaders, _ glue: any ChannelHandler) {
        // Never offered on HTTP/2; a client that waits for it must not wait forever.
        connection?.reset(self, .internalError)
    }

    /// Whether there is something to send that the client's window allows.
    var canSend: Bool {
        guard !isAnswerSent, connection != nil else { return false }
        return outgoingBytes > 0 ? window > 0 : isAnswerComplete
    }

    /// Moves the next frame of data to `out`. Only when `canSend`.
    ///
    /// - Parameter max: the most that the frame may hold.
    /// - Returns: how much it holds.
    func writeFrame(to out: inout ByteBuffer, max: Int) -> Int {
        let length = min(outgoingBytes, window, max)
        let isLast = isAnswerComplete && length == outgoingBytes
        out.writeFrameHeader(kind: HTTP2Frame.Kind.data, flags: isLast ? HTTP2Frame.Flag.endStream : 0, stream: id, length: length)
        var rest = length
        var done = 0
        while rest > 0, done < outgoing.count {
            if outgoing[done].readableBytes <= rest {
                rest -= outgoing[done].readableBytes
                out.writeImmutableBuffer(outgoing[done])
                done += 1
            } else if let part = outgoing[done].readSlice(length: rest) {
                out.writeImmutableBuffer(part)
                rest = 0
            }
        }
        outgoing.removeFirst(done)
        outgoingBytes -= length
        window -= length
        if case .streaming(let writer) = phase, length > 0 { writer.landed(length) }
        if isLast { answerSent() }
        return length
    }

    private func answerSent() {
        isAnswerSent = true
        if case .streaming(let writer) = phase { writer.connectionEnded() }
        phase = .answered
        leaveIfDone()
    }

    private func leaveIfDone() {
        if isAnswerSent, isRequestComplete { connection?.leave(self) }
    }

    /// Asks a streamed answer to end, because the server shuts down.
    func finishStreaming() {
        if case .streaming(let writer) = phase { writer.finish() }
    }

    /// The stream is over on both sides, whatever was still to be sent.
    func end() {
        if case .streaming(let writer) = phase { writer.connectionEnded() }
        phase = .gone
        outgoing = []
        outgoingBytes = 0
        connection = nil
        let told = abandonment
        abandonment = nil
        told?()
    }
}
