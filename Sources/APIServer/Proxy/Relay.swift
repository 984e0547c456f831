import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Carries one request to a backend and its answer back: as a stream, or as a tunnel when both sides agree to change the protocol.
struct Relay: Sendable {
    /// What becomes of trouble and refusals.
    enum Manner: Sendable {
        /// The backend's answer goes back as it is (`proxy`).
        case asIs
        /// An error of the backend becomes a `Status` that carries its text (`log`, `exec`).
        case statusOnError(resource: String, name: String)
    }

    let tls: BackendTLS
    let group: any EventLoopGroup
    /// The headers by which front proxies name users.
    let identities: FrontProxyHeaders?

    private static let connectTimeout = TimeAmount.seconds(30)

    /// - Parameter webSocket: what the client is to have of us, since the backend does not speak it.
    func relay(
        _ request: APIRequest, to backend: Backend, manner: Manner, webSocket: WebSocketWish? = nil, _ responder: any Responder
    ) {
        let wantsUpgrade = request.headers.contains(name: "Upgrade")
        let tunnel = wantsUpgrade ? responder.tunnel : nil
        let forwarded = if case .asIs = manner { true } else { false }
        var headers = RelayHeaders.request(request, to: backend, isUpgrade: tunnel != nil, forwarded: forwarded, identities: identities)
        webSocket?.apply(to: &headers)
        let method = webSocket == nil ? HTTPMethod(rawValue: request.method) : .POST
        let head = HTTPRequestHead(version: .http1_1, method: method, uri: backend.uri, headers: headers)
        let loop = tunnel?.eventLoop ?? group.next()
        let body = request.body
        let tls = tls
        ClientBootstrap(group: loop)
            .connectTimeout(Self.connectTimeout)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let handler = try tls.handler(backend.security, host: backend.host) { try pipeline.addHandler(handler) }
                    let encoder = HTTPRequestEncoder()
                    let decoder = ByteToMessageHandler(HTTPResponseDecoder(leftOverBytesStrategy: .forwardBytes))
                    try pipeline.addHandler(encoder)
                    try pipeline.addHandler(decoder)
                    try pipeline.addHandler(
                        RelayHandler(
                            head: head, body: body, tunnel: tunnel, webSocket: webSocket, manner: manner, responder: responder, encoder: encoder,
                            decoder: decoder))
                }
            }
            .connect(host: backend.host, port: backend.port)
            .whenFailure { error in
                responder.respond(Self.failure(error, backend: backend, manner: manner))
            }
    }

    static func failure(_ error: any Error, backend: Backend?, manner: Manner) -> APIStatus {
        let target = backend.map { " \($0.authority)" } ?? ""
        switch manner {
        case .asIs:
            return .serviceUnavailable("error trying to reach service:\(target): \(error)")
        case .statusOnError:
            return APIStatus(code: 500, reason: "", message: "error dialing backend:\(target): \(error)")
        }
    }
}

/// The backend's side of a relay.
private final class RelayHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundIn = HTTPClientRequestPart
    typealias OutboundOut = HTTPClientRequestPart

    private enum Phase {
        case waiting
        /// The backend changes the protocol; the decoder has not told the end of that answer yet.
        case switching(HTTPResponseHead)
        case streaming(any StreamWriter)
        /// Collects the text of an error.
        case refused(code: Int, text: ByteBuffer)
        case done
    }

    private static let errorTextBytesMax = 64 << 10

    private let head: HTTPRequestHead
    private let body: [UInt8]
    private let tunnel: (any Tunnel)?
    private let webSocket: WebSocketWish?
    private let manner: Relay.Manner
    private let responder: any Responder
    private let encoder: HTTPRequestEncoder
    private let decoder: ByteToMessageHandler<HTTPResponseDecoder>
    private var phase = Phase.waiting
    private var hasHeldRead = false

    init(
        head: HTTPRequestHead, body: [UInt8], tunnel: (any Tunnel)?, webSocket: WebSocketWish?, manner: Relay.Manner, responder: any Responder,
        encoder: HTTPRequestEncoder, decoder: ByteToMessageHandler<HTTPResponseDecoder>
    ) {
        self.head = head
        self.body = body
        self.tunnel = tunnel
        self.webSocket = webSocket
        self.manner = manner
        self.responder = responder
        self.encoder = encoder
        self.decoder = decoder
    }

    func channelActive(context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if !body.isEmpty, tunnel == nil { context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): answerBegins(head, context)
        case .body(let bytes): answerGoesOn(bytes)
        case .end: answerEnds(context)
        }
    }

    func read(context: ChannelHandlerContext) {
        if case .streaming(let writer) = phase, !writer.isWritable {
            hasHeldRead = true
            return
        }
        context.read()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        switch phase {
        case .waiting, .switching: fail(ChannelError.eof)
        case .streaming(let writer): writer.finish()
        case .refused: answerEnds(context)
        case .done: break
        }
        phase = .done
        context.fireChannelInactive()
    }

    private func answerBegins(_ head: HTTPResponseHead, _ context: ChannelHandlerContext) {
        let status = Int(head.status.code)
        if status == 101 {
            phase = .switching(head)
            return
        }
        if case .statusOnError = manner, status >= 400 {
            phase = .refused(code: status, text: ByteBuffer())
            return
        }
        if case .statusOnError = manner, status >= 300 {
            // A kubelet that could choose where our request goes would borrow our certificate.
            phase = .done
            responder.respond(
                APIStatus(code: 502, reason: "", message: "the backend attempted to redirect this request, which is not permitted"))
            context.close(promise: nil)
            return
        }
        let writer = responder.stream(status: status, headers: RelayHeaders.response(head.headers, isUpgrade: false))
        phase = .streaming(writer)
        let channel = context.channel
        let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        writer.onClose { channel.close(promise: nil) }
        writer.onWritable {
            channel.eventLoop.execute { handler.value.clientCaughtUp(bound.value) }
        }
    }

    private func answerGoesOn(_ bytes: ByteBuffer) {
        switch phase {
        case .streaming(let writer):
            writer.write(bytes)
        case .refused(let code, var text):
            var bytes = bytes
            if text.readableBytes < Self.errorTextBytesMax { text.writeBuffer(&bytes) }
            phase = .refused(code: code, text: text)
        case .waiting, .switching, .done:
            break
        }
    }

    private func answerEnds(_ context: ChannelHandlerContext) {
        if case .switching(let head) = phase { return openTunnel(head, context) }
        switch phase {
        case .streaming(let writer):
            writer.finish()
        case .refused(let code, let text):
            responder.respond(status(code: code, text: String(buffer: text)))
        case .waiting, .switching, .done:
            break
        }
        phase = .done
        context.close(promise: nil)
    }

    private func openTunnel(_ head: HTTPResponseHead, _ context: ChannelHandlerContext) {
        phase = .done
        guard let tunnel else {
            responder.respond(.internalError("the backend changed the protocol without being asked"))
            context.close(promise: nil)
            return
        }
        let translation = webSocket?.translation()
        let (front, back) = GlueHandler.pair(translation)
        let boundFront = NIOLoopBound(front, eventLoop: context.eventLoop)
        tunnel.open(status: 101, headers: webSocket?.answer ?? RelayHeaders.response(head.headers, isUpgrade: true)) { boundFront.value }
        let pipeline = context.pipeline.syncOperations
        do {
            if let opening = translation?.greetingForBackend() {
                // Past encoder and decoder, which would take it for HTTP.
                try pipeline.context(handler: encoder).writeAndFlush(NIOAny(opening), promise: nil)
            }
            try pipeline.addHandler(back)
        } catch {
            context.close(promise: nil)
            return
        }
        // This handler first: what the decoder still holds then goes to the glue.
        _ = pipeline.removeHandler(self)
        _ = pipeline.removeHandler(decoder)
        _ = pipeline.removeHandler(encoder)
    }

    private func clientCaughtUp(_ context: ChannelHandlerContext) {
        guard hasHeldRead else { return }
        hasHeldRead = false
        context.read()
    }

    private func fail(_ error: any Error) {
        switch phase {
        case .waiting, .switching: responder.respond(Relay.failure(error, backend: nil, manner: manner))
        case .streaming(let writer): writer.finish()
        case .refused(let code, let text): responder.respond(status(code: code, text: String(buffer: text)))
        case .done: break
        }
        phase = .done
    }

    private func status(code: Int, text: String) -> APIStatus {
        guard case .statusOnError(let resource, let name) = manner else { return .internalError(text) }
        if code == 400 { return .badRequest(text) }
        let reason =
            switch code {
            case 401: "Unauthorized"
            case 403: "Forbidden"
            case 404: "NotFound"
            case 405: "MethodNotAllowed"
            case 503: "ServiceUnavailable"
            case 504: "Timeout"
            default: code >= 500 ? "InternalError" : ""
            }
        return APIStatus(
            code: code, reason: reason, message: text.isEmpty ? "unknown" : text, details: .init(name: name, kind: resource))
    }
}
