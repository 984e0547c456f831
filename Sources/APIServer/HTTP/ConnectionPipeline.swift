import NIOCore
import NIOHTTP1
import NIOSSL
import NIOTLS
import Synchronization

/// Fits a new connection with its handlers: TLS, then by what was agreed there HTTP/2 or HTTP/1.1.
struct ConnectionPipeline: Sendable {
    let front: HTTPFront
    let judge: CertificateJudge

    /// On the channel's loop.
    func install(on channel: any Channel, tls: NIOSSLContext?) throws {
        guard let tls else {
            try installHTTP1(on: channel, ClientConnection(remoteAddress: address(of: channel), certificate: .absent))
            return
        }
        let shown = HandshakeResult<[NIOSSLCertificate]>([])
        // Every certificate is let through here; it is judged when the handshake is done.
        let handler = NIOSSLServerHandler(context: tls) { chain, promise in
            shown.set(chain)
            promise.succeed(.certificateVerified)
        }
        let negotiation = ApplicationProtocolNegotiationHandler { result, channel in
            self.handshakeDone(result, channel, shown: shown.value)
        }
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(handler)
        try pipeline.addHandler(HandshakeGuard())
        try pipeline.addHandler(negotiation)
        try pipeline.addHandler(LastErrorHandler())
    }

    private func handshakeDone(_ result: ALPNResult, _ channel: any Channel, shown: [NIOSSLCertificate]) -> EventLoopFuture<Void> {
        var chain = shown
        if chain.isEmpty {
            // A resumed session shows no certificates again but is bound to the one it began with.
            do {
                if let leaf = try channel.pipeline.syncOperations.nioSSL_peerCertificate() { chain = [leaf] }
            } catch {
                return channel.eventLoop.makeFailedFuture(error)
            }
        }
        if chain.isEmpty {
            return channel.eventLoop.makeCompletedFuture {
                try installHTTP(result, on: channel, ClientConnection(remoteAddress: address(of: channel), certificate: .absent))
            }
        }
        let promise = channel.eventLoop.makePromise(of: CertificateIdentity.self)
        let certificates = chain
        promise.completeWithTask { await judge(certificates) }
        return promise.futureResult.flatMapThrowing { identity in
            try installHTTP(result, on: channel, ClientConnection(remoteAddress: address(of: channel), certificate: identity))
        }
    }

    private func installHTTP(_ result: ALPNResult, on channel: any Channel, _ connection: ClientConnection) throws {
        guard channel.isActive else { return }
        if case .negotiated("h2") = result {
            try installHTTP2(on: channel, connection)
        } else {
            try installHTTP1(on: channel, connection)
        }
    }

    private func installHTTP1(on channel: any Channel, _ connection: ClientConnection) throws {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderListSize = HTTPLimits.requestHeadBytesMax
        let decoder = ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: limits))
        try channel.pipeline.syncOperations.addHandlers(decoder, HTTP1Handler(front: front, connection: connection, decoder: decoder))
    }

    private func installHTTP2(on channel: any Channel, _ connection: ClientConnection) throws {
        try channel.pipeline.syncOperations.addHandler(HTTP2Connection(front: front, client: connection))
    }

    private func address(of channel: any Channel) -> String {
        channel.remoteAddress?.ipAddress ?? ""
    }
}

/// A value that the handshake's callback leaves for what comes after it. Both run on the connection's loop.
private final class HandshakeResult<Value: Sendable>: Sendable {
    private let state: Mutex<Value>

    init(_ value: Value) { state = Mutex(value) }

    var value: Value { state.withLock { $0 } }

    func set(_ value: Value) { state.withLock { $0 = value } }
}

/// Closes a connection that does not get its handshake done.
final class HandshakeGuard: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    private var deadline: Scheduled<Void>?

    func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        deadline = context.eventLoop.scheduleTask(in: HTTPLimits.handshakeTimeout) { channel.close(promise: nil) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        deadline?.cancel()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        context.fireUserInboundEventTriggered(event)
        if case .some(TLSUserEvent.handshakeCompleted) = event as? TLSUserEvent {
            deadline?.cancel()
            context.pipeline.syncOperations.removeHandler(self, promise: nil)
        }
    }
}

/// The end of every pipeline: an error that nobody handled closes the connection. Port scans and aborted handshakes are no news for the log.
private final class LastErrorHandler: ChannelInboundHandler {
    typealias InboundIn = Any

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
