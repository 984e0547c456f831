import Glibc
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix

/// The demo application: says hello with the name of the pod that answers.
struct HelloServer {
    /// What to say, from the environment (the demo's ConfigMap).
    var greeting: String
    var hostname: String

    /// Serves until SIGTERM, then finishes what is under way and answers newcomers for a moment longer, while the pod leaves the service.
    func run(port: Int) async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let terminated = Self.terminationSignal()
        let body = "\(greeting) from \(hostname)\n"
        let channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.pipeline.configureHTTPServerPipeline(withErrorHandling: true).flatMapThrowing {
                    try channel.pipeline.syncOperations.addHandler(HelloHandler(body: body))
                }
            }
            .bind(host: "0.0.0.0", port: port).get()
        for await _ in terminated { break }
        try await Task.sleep(for: .seconds(2))
        try await channel.close()
    }

    private static func terminationSignal() -> AsyncStream<Void> {
        AsyncStream { continuation in
            // Process 1 of a container gets no default action for signals: without a handler SIGTERM would do nothing.
            let watchers = [SIGTERM, SIGINT].map { number in SignalWatcher(number) { continuation.yield() } }
            continuation.onTermination = { _ in
                for watcher in watchers { watcher.cancel() }
            }
        }
    }
}

private final class HelloHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let body: String
    private var keepAlive = false

    init(body: String) {
        self.body = body
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            keepAlive = head.isKeepAlive
        case .body:
            break
        case .end:
            let bytes = ByteBuffer(string: body)
            var headers = HTTPHeaders([("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", "\(bytes.readableBytes)")])
            if !keepAlive { headers.add(name: "Connection", value: "close") }
            context.write(wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .ok, headers: headers))), promise: nil)
            context.write(wrapOutboundOut(.body(.byteBuffer(bytes))), promise: nil)
            let done = context.writeAndFlush(wrapOutboundOut(.end(nil)))
            if !keepAlive {
                let channel = context.channel
                done.whenComplete { _ in channel.close(promise: nil) }
            }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
