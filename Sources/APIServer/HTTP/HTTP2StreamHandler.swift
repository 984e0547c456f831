import NIOCore
import NIOHPACK
import NIOHTTP1
import NIOHTTP2

/// One stream, that is one request, of an HTTP/2 connection.
final class HTTP2StreamHandler: ChannelInboundHandler, ResponseSink {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias OutboundOut = HTTP2Frame.FramePayload

    private enum Phase {
        case idle
        case receiving(RequestAssembly)
        case answering
        case streaming(FrontStreamWriter)
        case closed
    }

    private let front: HTTPFront
    private let connection: ClientConnection
    private var context: ChannelHandlerContext?
    private var phase = Phase.idle
    private var isHead = false
    private var discardedBytes = 0

    init(front: HTTPFront, connection: ClientConnection) {
        self.front = front
        self.connection = connection
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        end()
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end()
        context.close(promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (unwrapInboundIn(data), phase) {
        case (.headers(let headers), .idle):
            begin(headers.headers)
            if headers.endStream { requestEnded() }
        case (.headers(let trailers), .receiving):
            if trailers.endStream { requestEnded() }
        case (.data(let frame), .receiving(var assembly)):
            phase = .idle  // so that the buffer has one owner and can grow in place
            if case .byteBuffer(let bytes) = frame.data { assembly.append(bytes) }
            phase = .receiving(assembly)
            if frame.endStream {
                requestEnded()
            } else if assembly.isTooLarge {
                dispatch(assembly)
            }
        case (.data(let frame), _):
            discard(frame, context)
        default:
            break
        }
    }

    /// The rest of a request that is answered already. Read to its end, so that the client gets to the answer, unless it goes on for ever.
    private func discard(_ frame: HTTP2Frame.FramePayload.Data, _ context: ChannelHandlerContext) {
        discardedBytes += frame.data.readableBytes
        if discardedBytes > HTTPLimits.discardedBytesMax { context.close(promise: nil) }
    }

    private func begin(_ fields: HPACKHeaders) {
        var method = "GET"
        var path = "/"
        var headers = HTTPHeaders()
        headers.reserveCapacity(fields.count)
        for (name, value, _) in fields {
            switch name {
            case ":method": method = value
            case ":path": path = value
            case ":authority": headers.add(name: "Host", value: value)
            case ":scheme", ":protocol": break
            default: headers.add(name: name, value: value)
            }
        }
        let assembly = RequestAssembly(method: method, uri: path, headers: headers)
        isHead = assembly.isHead
        phase = .receiving(assembly)
        if assembly.isTooLarge { dispatch(assembly) }
    }

    private func requestEnded() {
        if case .receiving(let assembly) = phase { dispatch(assembly) }
    }

    private func dispatch(_ assembly: RequestAssembly) {
        guard let context else { return }
        phase = .answering
        switch assembly.finish(connection: connection, ids: front.ids) {
        case .success(let request):
            let responder = FrontResponder(
                sink: self, eventLoop: context.eventLoop, auditID: request.auditID, counter: front.counter, canTunnel: false)
            front.handler.handle(request, responder)
        case .failure(let status):
            FrontResponder(sink: self, eventLoop: context.eventLoop, auditID: front.ids.next(), counter: front.counter, canTunnel: false)
                .respond(status)
        }
    }

    // MARK: Answers

    func sendWhole(status: Int, headers: HTTPHeaders, body: ByteBuffer) {
        guard case .answering = phase, let context else { return }
        phase = .closed
        var fields = responseFields(status: status, headers: headers)
        if status >= 200, status != 204 { fields.add(name: "content-length", value: String(body.readableBytes)) }
        let hasBody = !isHead && body.readableBytes > 0
        context.write(wrapOutboundOut(.headers(.init(headers: fields, endStream: !hasBody))), promise: nil)
        if hasBody { context.write(wrapOutboundOut(.data(.init(data: .byteBuffer(body), endStream: true))), promise: nil) }
        context.flush()
    }

    func sendHead(status: Int, headers: HTTPHeaders, writer: FrontStreamWriter) {
        guard case .answering = phase, let context else {
            writer.connectionEnded()
            return
        }
        phase = .streaming(writer)
        context.writeAndFlush(wrapOutboundOut(.headers(.init(headers: responseFields(status: status, headers: headers)))), promise: nil)
    }

    func sendBody(_ buffers: [ByteBuffer], promise: EventLoopPromise<Void>?) {
        guard case .streaming = phase, let context, !isHead else {
            promise?.succeed()
            return
        }
        let total = buffers.reduce(0) { $0 + $1.readableBytes }
        if buffers.count > 1, total <= 32 << 10 {
            var joined = context.channel.allocator.buffer(capacity: total)
            for buffer in buffers { joined.writeImmutableBuffer(buffer) }
            context.write(wrapOutboundOut(.data(.init(data: .byteBuffer(joined)))), promise: promise)
        } else {
            for buffer in buffers.dropLast() { context.write(wrapOutboundOut(.data(.init(data: .byteBuffer(buffer)))), promise: nil) }
            if let last = buffers.last { context.write(wrapOutboundOut(.data(.init(data: .byteBuffer(last)))), promise: promise) }
        }
        context.flush()
    }

    func sendEnd() {
        guard case .streaming = phase, let context else { return }
        phase = .closed
        context.writeAndFlush(wrapOutboundOut(.data(.init(data: .byteBuffer(ByteBuffer()), endStream: true))), promise: nil)
    }

    func beginTunnel(status: Int, headers: HTTPHeaders, _ glue: any ChannelHandler) {
        // Never offered on HTTP/2; a client that waits for it must not wait forever.
        context?.close(promise: nil)
    }

    private func responseFields(status: Int, headers: HTTPHeaders) -> HPACKHeaders {
        var fields = HPACKHeaders()
        fields.reserveCapacity(headers.count + 2)
        fields.add(name: ":status", value: status == 200 ? "200" : String(status))
        for (name, value) in headers where isOneLine(value) {
            let name = name.lowercased()
            switch name {
            case "connection", "transfer-encoding", "keep-alive", "upgrade", "proxy-connection", "content-length": continue
            // Unlike in every answer, so it would only fill the table of the header compression.
            case "audit-id": fields.add(name: name, value: value, indexing: .nonIndexable)
            default: fields.add(name: name, value: value)
            }
        }
        return fields
    }

    private func end() {
        if case .streaming(let writer) = phase { writer.connectionEnded() }
        phase = .closed
    }
}
