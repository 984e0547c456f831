import NIOCore
import NIOHTTP2

/// Asks a silent HTTP/2 connection whether the server is still there, and closes one that does not answer, so that what waits on it moves to a server
/// that does: the health check of client-go, with its times.
///
/// Unlike the kernel's own probes this finds servers that hang, too.
final class ConnectionHealth: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame
    typealias OutboundOut = HTTP2Frame

    static let readIdleTimeout = TimeAmount.seconds(30)
    static let pingTimeout = TimeAmount.seconds(15)

    private var lastRead = NIODeadline.uptimeNanoseconds(0)
    private var timer: Scheduled<Void>?

    /// Puts one into a connection that speaks HTTP/2.
    static func install(on channel: any Channel) -> EventLoopFuture<Void> {
        channel.eventLoop.submit {
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(ConnectionHealth(), position: .after(try pipeline.handler(type: NIOHTTP2Handler.self)))
        }
    }

    func handlerAdded(context: ChannelHandlerContext) {
        lastRead = context.eventLoop.now
        waitForSilence(context)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        lastRead = context.eventLoop.now
        context.fireChannelRead(data)
    }

    private func waitForSilence(_ context: ChannelHandlerContext) {
        let end = lastRead + Self.readIdleTimeout
        timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: end) { [self] in
            guard context.channel.isActive else { return }
            if lastRead + Self.readIdleTimeout > context.eventLoop.now { return waitForSilence(context) }
            ask(context)
        }
    }

    private func ask(_ context: ChannelHandlerContext) {
        let asked = context.eventLoop.now
        context.writeAndFlush(wrapOutboundOut(HTTP2Frame(streamID: .rootStream, payload: .ping(HTTP2PingData(), ack: false))), promise: nil)
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: Self.pingTimeout) { [self] in
            // Whatever has come since shows that somebody is there.
            if lastRead > asked { return waitForSilence(context) }
            context.close(promise: nil)
        }
    }
}
