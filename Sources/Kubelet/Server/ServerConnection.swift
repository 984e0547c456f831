import KubernetesClient
import NIOCore
import NIOHTTP1
import NIOSSL
import NIOTLS

/// Takes the requests of one connection apart, one after the other, and hands each to the server with the means to answer it. A client that is slow
/// with its handshake or its request, or that asks for nothing, loses the connection; an answer may take as long as it likes.
///
/// Lives on its event loop. A second request before the first is answered closes the connection: no client of a kubelet pipelines.
final class ServerConnection: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    static let bodyBytesMax = 1 << 20
    /// The request line and headers of one request.
    static let headBytesMax = 1 << 20
    /// How long a connection may take for its TLS handshake.
    static let handshakeTimeout = TimeAmount.seconds(10)
    /// How long a client may take for sending the body of a request.
    static let requestTimeout = TimeAmount.seconds(60)
    /// How long a connection may do nothing, or take for the head of its next request.
    static let idleTimeout = TimeAmount.seconds(90)

    private let deliver: @Sendable (KubeletRequest, ServerResponse) -> Void
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []
    private var current: ServerResponse?
    private var deadline: Scheduled<Void>?

    init(deliver: @escaping @Sendable (KubeletRequest, ServerResponse) -> Void) {
        self.deliver = deliver
    }

    func handlerAdded(context: ChannelHandlerContext) { expect(within: Self.handshakeTimeout, context) }

    func handlerRemoved(context: ChannelHandlerContext) { deadline?.cancel() }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .some(TLSUserEvent.handshakeCompleted) = event as? TLSUserEvent { expect(within: Self.idleTimeout, context) }
        context.fireUserInboundEventTriggered(event)
    }

    /// Closes the connection unless something is expected of the client anew, or nothing any more, before the time is over.
    private func expect(within time: TimeAmount, _ context: ChannelHandlerContext) {
        deadline?.cancel()
        let channel = context.channel
        deadline = context.eventLoop.scheduleTask(in: time) { channel.close(promise: nil) }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data) { expect(within: Self.idleTimeout, context) }
        context.write(data, promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            guard current?.isDone ?? true else {
                context.close(promise: nil)
                return
            }
            self.head = head
            body = []
            expect(within: Self.requestTimeout, context)
        case .body(let buffer):
            guard body.count + buffer.readableBytes <= ServerConnection.bodyBytesMax else {
                context.close(promise: nil)
                return
            }
            body.append(contentsOf: buffer.readableBytesView)
        case .end:
            guard let head else { return }
            self.head = nil
            deadline?.cancel()
            let response = ServerResponse(
                channel: context.channel, identity: ServerConnection.identity(context), keepAlive: head.isKeepAlive, isHead: head.method == .HEAD)
            current = response
            deliver(KubeletRequest(head: head, body: body), response)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        current?.connectionClosed()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private static func identity(_ context: ChannelHandlerContext) -> ClientIdentity? {
        guard let tls = try? context.pipeline.syncOperations.handler(type: NIOSSLServerHandler.self), let certificate = tls.peerCertificate else {
            return nil
        }
        return try? ClientIdentity(certificate)
    }
}
