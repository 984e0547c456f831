import NIOCore
import NIOHTTP1
import NIOSSL

/// Takes the requests of one connection apart, one after the other, and hands each to the server with the means to answer it.
///
/// Lives on its event loop. A second request before the first is answered closes the connection: no client of a kubelet pipelines.
final class ServerConnection: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart

    static let bodyBytesMax = 1 << 20

    private let deliver: @Sendable (KubeletRequest, ServerResponse) -> Void
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []
    private var current: ServerResponse?

    init(deliver: @escaping @Sendable (KubeletRequest, ServerResponse) -> Void) {
        self.deliver = deliver
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
        case .body(let buffer):
            guard body.count + buffer.readableBytes <= ServerConnection.bodyBytesMax else {
                context.close(promise: nil)
                return
            }
            body.append(contentsOf: buffer.readableBytesView)
        case .end:
            guard let head else { return }
            self.head = nil
            let response = ServerResponse(
                channel: context.channel, identity: ServerConnection.identity(context), keepAlive: head.isKeepAlive, isHead: head.method == .HEAD)
            current = response
            deliver(KubeletRequest(head: head, body: body), response)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        current?.connectionClosed()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private static func identity(_ context: ChannelHandlerContext) -> KubeletClientIdentity? {
        guard let tls = try? context.pipeline.syncOperations.handler(type: NIOSSLServerHandler.self), let certificate = tls.peerCertificate else {
            return nil
        }
        return try? KubeletClientIdentity(certificate)
    }
}
