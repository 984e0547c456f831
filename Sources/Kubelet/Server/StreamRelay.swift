import NIOCore
import NIOHTTP1
import NIOPosix

/// Joins a client's connection with the runtime's streaming server: sends the client's upgrade request there, and from then on every byte goes
/// through as it is, both ways. What the two speak (SPDY, WebSocket) does not matter here.
struct StreamRelay: Sendable {
    /// Where the runtime waits for the session, as it said.
    var url: String
    var request: KubeletRequest

    /// Returns when the session is over; a cancelled task ends it.
    func run(_ client: any Channel) async throws {
        let (host, port, path) = try StreamRelay.parse(url)
        let head = requestHead(host: "\(host):\(port)", path: path)
        let runtime = try await ClientBootstrap(group: client.eventLoop)
            .channelOption(.autoRead, value: false)
            .channelInitializer { channel in channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(RelayHandler()) }
            }
            .connect(host: host, port: port).get()
        // Both channels are on one event loop, so this is one uninterrupted act.
        try await client.eventLoop.submit { try Self.join(client, runtime, head) }.get()
        try await withTaskCancellationHandler {
            try await runtime.closeFuture.get()
        } onCancel: {
            // The client's end follows, with the last bytes for it.
            runtime.close(promise: nil)
        }
    }

    private static func join(_ client: any Channel, _ runtime: any Channel, _ head: ByteBuffer) throws {
        let pipeline = client.pipeline.syncOperations
        try runtime.pipeline.syncOperations.handler(type: RelayHandler.self).partner = client
        let clientEnd = RelayHandler()
        clientEnd.partner = runtime
        try pipeline.addHandler(clientEnd)
        // First of all, since what the decoder has left over follows when it goes.
        runtime.writeAndFlush(head, promise: nil)
        // The encoder must not frame what goes to the client any more, nor the decoder read what comes from it.
        pipeline.removeHandler(try pipeline.handler(type: ServerConnection.self)).whenFailure { _ in client.close(promise: nil) }
        pipeline.removeHandler(try pipeline.handler(type: HTTPResponseEncoder.self)).whenFailure { _ in client.close(promise: nil) }
        pipeline.removeHandler(try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)).whenFailure { _ in
            client.close(promise: nil)
        }
        runtime.setOption(.autoRead, value: true).whenFailure { _ in client.close(promise: nil) }
    }

    private func requestHead(host: String, path: String) -> ByteBuffer {
        var text = "\(request.head.method.rawValue) \(path) HTTP/1.1\r\nHost: \(host)\r\n"
        for (name, value) in request.head.headers {
            switch name.lowercased() {
            case "host", "authorization", "content-length", "transfer-encoding": continue
            default: text += "\(name): \(value)\r\n"
            }
        }
        if request.head.method == .POST { text += "Content-Length: 0\r\n" }
        return ByteBuffer(string: text + "\r\n")
    }

    /// - Throws: `KubeletError` for an address that is no plain HTTP one.
    static func parse(_ url: String) throws -> (host: String, port: Int, path: String) {
        guard url.hasPrefix("http://") else { throw KubeletError("the runtime named a streaming address of an unknown kind: \(url)") }
        let rest = url.dropFirst("http://".count)
        let authority = rest.prefix { $0 != "/" }
        let path = rest.dropFirst(authority.count)
        guard let colon = authority.lastIndex(of: ":"), let port = Int(authority[authority.index(after: colon)...]) else {
            throw KubeletError("the runtime named a streaming address without a port: \(url)")
        }
        let host = authority[..<colon].filter { $0 != "[" && $0 != "]" }
        return (String(host), port, path.isEmpty ? "/" : String(path))
    }
}

/// Passes bytes to the partner channel and reads only as fast as the partner writes. Both channels share one event loop.
final class RelayHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    var partner: (any Channel)?
    private var readIsHeldBack = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        partner?.write(unwrapInboundIn(data), promise: nil)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        partner?.flush()
        context.fireChannelReadComplete()
    }

    func read(context: ChannelHandlerContext) {
        if partner?.isWritable ?? true { context.read() } else { readIsHeldBack = true }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { partner?.pipeline.fireUserInboundEventTriggered(RelayResume()) }
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is RelayResume else { return context.fireUserInboundEventTriggered(event) }
        if readIsHeldBack {
            readIsHeldBack = false
            context.read()
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if let partner {
            // The last bytes first: closing at once would throw away what is still being written.
            partner.writeAndFlush(ByteBuffer()).whenComplete { _ in partner.close(promise: nil) }
        }
        partner = nil
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}

/// Tells a relay that its partner takes bytes again.
private struct RelayResume {}
