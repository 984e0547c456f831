import Logging
import NIOCore
import NIOHTTP1
import NIOPosix

/// Answers `/healthz` and `/livez` over plain HTTP, for load balancers and for people.
struct HealthServer: Sendable {
    let health: ProxyHealth
    let logger: Logger

    /// Serves until the task is cancelled. A port that is taken is a warning and not the end of the proxy, as upstream.
    func run(host: String, port: Int) async {
        let health = health
        do {
            let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                        try channel.pipeline.syncOperations.addHandler(Handler(health: health))
                    }
                }
                .bind(host: host, port: port).get()
            await withTaskCancellationHandler {
                try? await channel.closeFuture.get()
            } onCancel: {
                channel.close(promise: nil)
            }
        } catch {
            logger.warning("the proxy's health is not served", metadata: ["address": "\(host):\(port)", "error": "\(error)"])
        }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let health: ProxyHealth
        private var path = ""

        init(health: ProxyHealth) { self.health = health }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head): path = String(head.uri.prefix { $0 != "?" })
            case .body: break
            case .end:
                let isKnown = path == "/healthz" || path == "/livez"
                let isHealthy = health.isHealthy
                let body = isKnown ? (isHealthy ? "ok\n" : "service rules are not applied in time\n") : "not found\n"
                let status: HTTPResponseStatus = isKnown ? (isHealthy ? .ok : .serviceUnavailable) : .notFound
                let headers: HTTPHeaders = ["content-length": "\(body.utf8.count)", "content-type": "text/plain"]
                context.write(wrapOutboundOut(.head(.init(version: .http1_1, status: status, headers: headers))), promise: nil)
                context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: body)))), promise: nil)
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }
    }
}
