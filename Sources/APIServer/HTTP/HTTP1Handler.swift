import NIOCore
import NIOHTTP1

/// One HTTP/1.1 connection: collects a request, has it answered, goes on to the next. Pipelined requests wait their turn.
final class HTTP1Handler: ChannelDuplexHandler, RemovableChannelHandler, ResponseSink {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Phase {
        case idle
        case receiving(RequestAssembly)
        /// The rest of a request that has been refused is read and thrown away until the connection closes.
        case discarding
        case answering
        case streaming(FrontStreamWriter)
        case closed
    }

    /// How the current request wants to be answered.
    private struct Manner {
        var keepAlive = true
        var isHead = false
        var chunked = true
        var isUpgrade = false
    }

    private let front: HTTPFront
    private let connection: ClientConnection
    private let decoder: ByteToMessageHandler<HTTPRequestDecoder>
    private var context: ChannelHandlerContext?
    private var phase = Phase.idle
    private var manner = Manner()
    /// Parts that came while a request was being answered.
    private var waiting = CircularBuffer<HTTPServerRequestPart>()
    private var isPumping = false
    private var hasHeldRead = false
    private var lastActivity = NIODeadline.uptimeNanoseconds(0)
    private var watchdog: RepeatedTask?
    /// Whom to tell when the client goes before it has its answer.
    private var abandonment: (@Sendable () -> Void)?

    init(front: HTTPFront, connection: ClientConnection, decoder: ByteToMessageHandler<HTTPRequestDecoder>) {
        self.front = front
        self.connection = connection
        self.decoder = decoder
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        lastActivity = context.eventLoop.now
        let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
        watchdog = context.eventLoop.scheduleRepeatedTask(initialDelay: .seconds(15), delay: .seconds(15)) { _ in
            handler.value.checkTimeouts()
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        watchdog?.cancel()
        watchdog = nil
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        waiting.append(unwrapInboundIn(data))
        pump()
    }

    /// Requests that wait their turn are the back-pressure on a client that sends more and more of them.
    func read(context: ChannelHandlerContext) {
        if waiting.isEmpty { context.read() } else { hasHeldRead = true }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent {
            manner.keepAlive = false
            if case .idle = phase { context.close(promise: nil) }
            if case .streaming(let writer) = phase { writer.finish() }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch phase {
        case .idle, .receiving:
            guard let error = error as? HTTPParserError else { break }
            let status = error == .headerOverflow ? "431 Request Header Fields Too Large" : "400 Bad Request"
            var buffer = context.channel.allocator.buffer(capacity: 256)
            buffer.writeString("HTTP/1.1 \(status)\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n\(status)")
            context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
        default:
            break
        }
        end()
        context.close(promise: nil)
    }

    // MARK: Requests

    private func pump() {
        guard !isPumping else { return }
        isPumping = true
        defer { isPumping = false }
        while !waiting.isEmpty, takes(waiting.first) { process(waiting.removeFirst()) }
        if waiting.isEmpty, hasHeldRead {
            hasHeldRead = false
            context?.read()
        }
    }

    private func takes(_ part: HTTPServerRequestPart?) -> Bool {
        switch phase {
        case .idle, .receiving, .discarding, .closed: part != nil
        case .answering, .streaming: false
        }
    }

    private func process(_ part: HTTPServerRequestPart) {
        switch (part, phase) {
        case (.head(let head), .idle):
            begin(head)
        case (.body(let bytes), .receiving(var assembly)):
            phase = .idle  // so that the buffer has one owner and can grow in place
            assembly.append(bytes)
            phase = .receiving(assembly)
            if assembly.isTooLarge { dispatch(assembly) }
        case (.end, .receiving(let assembly)):
            dispatch(assembly)
        default:
            break
        }
    }

    private func begin(_ head: HTTPRequestHead) {
        noteActivity()
        let assembly = RequestAssembly(method: head.method.rawValue, uri: head.uri, headers: head.headers)
        manner = Manner(
            keepAlive: manner.keepAlive && head.isKeepAlive, isHead: assembly.isHead, chunked: head.version.minor >= 1,
            isUpgrade: head.headers.contains(name: "Upgrade"))
        phase = .receiving(assembly)
        if assembly.isTooLarge {
            dispatch(assembly)
        } else if let expectation = head.headers.first(name: "Expect"), expectation.lowercased() == "100-continue", let context {
            var buffer = context.channel.allocator.buffer(capacity: 32)
            buffer.writeString("HTTP/1.1 100 Continue\r\n\r\n")
            context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
        }
    }

    private func dispatch(_ assembly: RequestAssembly) {
        guard let context else { return }
        phase = .answering
        let request = assembly.finish(connection: connection, ids: front.ids)
        switch request {
        case .success(let request):
            let responder = FrontResponder(
                sink: self, eventLoop: context.eventLoop, auditID: request.auditID, counter: front.counter, canTunnel: manner.isUpgrade)
            front.handler.handle(request, responder)
        case .failure(let status):
            // What the client still sends can no longer be told from a next request.
            if assembly.isTooLarge { manner.keepAlive = false }
            FrontResponder(sink: self, eventLoop: context.eventLoop, auditID: front.ids.next(), counter: front.counter, canTunnel: false)
                .respond(status)
        }
    }

    // MARK: Answers

    func whenAbandoned(_ f: @escaping @Sendable () -> Void) {
        if case .answering = phase { abandonment = f } else { f() }
    }

    func sendWhole(status: Int, headers: HTTPHeaders, body: ByteBuffer) {
        guard case .answering = phase, let context else { return }
        abandonment = nil
        var headers = headers
        if status >= 200, status != 204 { headers.replaceOrAdd(name: "Content-Length", value: String(body.readableBytes)) }
        let bodyBytes = manner.isHead ? 0 : body.readableBytes
        // One small write makes one TLS record and one packet; copying a large body costs more than that saves.
        let isJoined = bodyBytes <= 32 << 10
        var buffer = context.channel.allocator.buffer(capacity: 512 + (isJoined ? bodyBytes : 0))
        buffer.writeHead(status: status, headers: headers, close: !staysOpen)
        if isJoined {
            if bodyBytes > 0 { buffer.writeImmutableBuffer(body) }
            context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
        } else {
            context.write(wrapOutboundOut(buffer), promise: nil)
            context.writeAndFlush(wrapOutboundOut(body), promise: nil)
        }
        answerSent()
    }

    func sendHead(status: Int, headers: HTTPHeaders, writer: FrontStreamWriter) {
        guard case .answering = phase, let context else {
            writer.connectionEnded()
            return
        }
        phase = .streaming(writer)
        abandonment = nil
        var headers = headers
        if manner.chunked {
            headers.replaceOrAdd(name: "Transfer-Encoding", value: "chunked")
        } else {
            manner.keepAlive = false
        }
        var buffer = context.channel.allocator.buffer(capacity: 512)
        buffer.writeHead(status: status, headers: headers, close: !staysOpen)
        context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
    }

    func sendBody(_ buffers: [ByteBuffer], bytes total: Int) {
        guard case .streaming(let writer) = phase, let context else { return }
        guard !manner.isHead else {
            writer.landed(total)
            return
        }
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.whenComplete { _ in writer.landed(total) }
        guard total > 32 << 10 else {
            var joined = context.channel.allocator.buffer(capacity: total + 16)
            if manner.chunked { joined.writeString(String(total, radix: 16) + "\r\n") }
            for buffer in buffers { joined.writeImmutableBuffer(buffer) }
            if manner.chunked { joined.writeStaticString("\r\n") }
            context.writeAndFlush(wrapOutboundOut(joined), promise: promise)
            return
        }
        if manner.chunked { context.write(wrapOutboundOut(ByteBuffer(string: String(total, radix: 16) + "\r\n")), promise: nil) }
        for buffer in buffers.dropLast() { context.write(wrapOutboundOut(buffer), promise: nil) }
        if let last = buffers.last { context.write(wrapOutboundOut(last), promise: promise) }
        if manner.chunked { context.write(wrapOutboundOut(ByteBuffer(string: "\r\n")), promise: nil) }
        context.flush()
    }

    func sendEnd() {
        guard case .streaming = phase, let context else { return }
        if manner.chunked, !manner.isHead { context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: "0\r\n\r\n")), promise: nil) }
        answerSent()
    }

    func beginTunnel(status: Int, headers: HTTPHeaders, _ glue: any ChannelHandler) {
        guard case .answering = phase, let context else { return }
        var buffer = context.channel.allocator.buffer(capacity: 512)
        buffer.writeHead(status: status, headers: headers, close: false)
        context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
        phase = .closed
        abandonment = nil
        let pipeline = context.pipeline.syncOperations
        do {
            try pipeline.addHandler(glue)
        } catch {
            context.close(promise: nil)
            return
        }
        // This handler first: what the decoder still holds then goes to the glue.
        _ = pipeline.removeHandler(self)
        _ = pipeline.removeHandler(decoder)
    }

    /// After an upgrade request the decoder reads no further request, so such a connection cannot be used again.
    private var staysOpen: Bool { manner.keepAlive && !manner.isUpgrade }

    private func answerSent() {
        noteActivity()
        if staysOpen {
            phase = .idle
            pump()
            return
        }
        phase = .discarding
        pump()
        guard let context else { return }
        // Closing with bytes unread would reset the connection, and the client could lose the answer.
        let channel = context.channel
        context.eventLoop.scheduleTask(in: .milliseconds(500)) { channel.close(promise: nil) }
    }

    private func end() {
        if case .streaming(let writer) = phase { writer.connectionEnded() }
        phase = .closed
        waiting.removeAll()
        let told = abandonment
        abandonment = nil
        told?()
    }

    private func noteActivity() {
        if let context { lastActivity = context.eventLoop.now }
    }

    private func checkTimeouts() {
        guard let context else { return }
        let quiet = context.eventLoop.now - lastActivity
        switch phase {
        case .idle where quiet > HTTPLimits.idleTimeout, .receiving where quiet > HTTPLimits.requestTimeout:
            context.close(promise: nil)
        default:
            break
        }
    }
}
