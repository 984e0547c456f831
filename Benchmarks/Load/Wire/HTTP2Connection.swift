import NIOCore
import NIOHPACK
import NIOHTTP2

/// The client's end of an HTTP/2 connection. It handles frames itself, without a channel for each stream: a load generator that shares the processor
/// with the server it measures must be frugal.
final class HTTP2Connection: ChannelInboundHandler, ClientConnection {
    typealias InboundIn = HTTP2Frame
    typealias OutboundOut = HTTP2Frame

    /// As wide as the protocol allows: what is measured is the server and not this client's permission to send.
    private static let window = Int(Int32.max)

    private let authority: String
    private var context: ChannelHandlerContext?
    private var nextStream: HTTP2StreamID = 1
    private var receivers: [HTTP2StreamID: any AnswerReceiver] = [:]
    /// Bytes of answers since the server was last told that it may send more.
    private var received = 0
    private var isReading = false

    init(authority: String) { self.authority = authority }

    /// The handler that turns bytes into frames, to stand before this one.
    static func parser() -> NIOHTTP2Handler {
        var configuration = NIOHTTP2Handler.ConnectionConfiguration()
        configuration.initialSettings = [
            HTTP2Setting(parameter: .enablePush, value: 0), HTTP2Setting(parameter: .initialWindowSize, value: window),
        ]
        configuration.controlFrameRateLimit.maximumCount = .max
        return NIOHTTP2Handler(mode: .client, connectionConfiguration: configuration)
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func channelActive(context: ChannelHandlerContext) {
        widen(context, by: Self.window - 65_535)
        context.flush()
    }

    private func widen(_ context: ChannelHandlerContext, by bytes: Int) {
        context.write(wrapOutboundOut(HTTP2Frame(streamID: .rootStream, payload: .windowUpdate(windowSizeIncrement: bytes))), promise: nil)
    }

    func send(_ request: Request, _ receiver: any AnswerReceiver) {
        guard let context, context.channel.isActive else { return receiver.failed(.connectionLost("it is closed")) }
        let id = nextStream
        nextStream = id.advanced(by: 2)
        receivers[id] = receiver
        let length = request.body.readableBytes
        var headers = HPACKHeaders()
        headers.reserveCapacity(7)
        headers.add(name: ":method", value: request.method)
        headers.add(name: ":scheme", value: "https")
        headers.add(name: ":authority", value: authority)
        headers.add(name: ":path", value: request.path)
        headers.add(name: "accept", value: "application/json")
        if let type = request.contentType {
            headers.add(name: "content-type", value: type)
            headers.add(name: "content-length", value: String(length))
        }
        context.write(wrapOutboundOut(HTTP2Frame(streamID: id, payload: .headers(.init(headers: headers, endStream: length == 0)))), promise: nil)
        if length > 0 {
            context.write(
                wrapOutboundOut(HTTP2Frame(streamID: id, payload: .data(.init(data: .byteBuffer(request.body), endStream: true)))), promise: nil)
        }
        // Requests that follow from answers are sent together, when all that came has been read.
        if !isReading { context.flush() }
    }

    func close() { context?.close(promise: nil) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        isReading = true
        let frame = unwrapInboundIn(data)
        switch frame.payload {
        case .headers(let head):
            guard let receiver = receivers[frame.streamID] else { return }
            receiver.head(status: head.headers.first(name: ":status").flatMap { Int($0) } ?? 0)
            if head.endStream { end(frame.streamID, receiver) }
        case .data(let part):
            received += part.data.readableBytes
            guard let receiver = receivers[frame.streamID] else { return }
            if case .byteBuffer(let bytes) = part.data { receiver.bytes(bytes) }
            if part.endStream { end(frame.streamID, receiver) }
        case .rstStream(let code):
            receivers.removeValue(forKey: frame.streamID)?.failed(.connectionLost("the server ended the stream: \(code)"))
        case .goAway(_, let code, _):
            failAll("the server is going away: \(code)")
        default:
            break
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        if received > Self.window / 4 {
            widen(context, by: received)
            received = 0
        }
        context.flush()
    }

    func channelInactive(context: ChannelHandlerContext) {
        failAll("the server closed it")
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        failAll("\(error)")
        context.close(promise: nil)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    private func end(_ id: HTTP2StreamID, _ receiver: any AnswerReceiver) {
        receivers.removeValue(forKey: id)
        receiver.end()
    }

    private func failAll(_ reason: String) {
        let all = receivers.values
        receivers = [:]
        for receiver in all { receiver.failed(.connectionLost(reason)) }
    }
}
