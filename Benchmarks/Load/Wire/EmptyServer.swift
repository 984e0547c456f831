import Glibc
import NIOCore
import NIOHPACK
import NIOHTTP2
import NIOPosix
import NIOSSL
import PKI

/// A TLS server in this process that does nothing but answer every request with so many bytes: the ceiling of what this machine and this client allow.
struct EmptyServer: Sendable {
    let port: Int
    /// PEM of the authority that vouches for it.
    let authority: [UInt8]
    private let listener: any Channel

    static func start(_ protocol: WireProtocol, answerBytes: Int, on group: any EventLoopGroup) async throws -> EmptyServer {
        let now = Int64(time(nil))
        let authority = try CertificateAuthority.create(commonName: "benchmarks", now: now)
        let own = try authority.issue(.serving("benchmarks", dnsNames: [], ipAddresses: ["127.0.0.1"]), now: now)
        var tls = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMBytes(own.certificate.pem()).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: own.key.pem(), format: .pem)))
        tls.applicationProtocols = [`protocol`.rawValue]
        let context = try NIOSSLContext(configuration: tls)
        let body = ByteBuffer(repeating: UInt8(ascii: "x"), count: answerBytes)
        let listener = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 256)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.maxMessagesPerRead, value: 16)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(NIOSSLServerHandler(context: context))
                    switch `protocol` {
                    case .http2:
                        var configuration = NIOHTTP2Handler.ConnectionConfiguration()
                        configuration.initialSettings.append(HTTP2Setting(parameter: .initialWindowSize, value: 256 << 10))
                        configuration.controlFrameRateLimit.maximumCount = .max
                        try pipeline.addHandler(NIOHTTP2Handler(mode: .server, connectionConfiguration: configuration))
                        try pipeline.addHandler(EmptyHTTP2Handler(body: body))
                    case .http1:
                        try pipeline.addHandler(EmptyHTTP1Handler(body: body))
                    }
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        guard let port = listener.localAddress?.port else { throw LoadError.unusable("the empty server has no port") }
        return EmptyServer(port: port, authority: try authority.certificate.pem(), listener: listener)
    }

    func stop() async throws { try await listener.close() }
}

private final class EmptyHTTP2Handler: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame
    typealias OutboundOut = HTTP2Frame

    private let body: ByteBuffer
    private let headers: HPACKHeaders
    /// Bytes of requests since the client was last told that it may send more.
    private var received = 0

    init(body: ByteBuffer) {
        self.body = body
        headers = [":status": "200", "content-type": "application/json", "content-length": String(body.readableBytes)]
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        switch frame.payload {
        case .headers(let head):
            if head.endStream { answer(frame.streamID, context) }
        case .data(let part):
            received += part.data.readableBytes
            if part.endStream { answer(frame.streamID, context) }
        default: break
        }
    }

    private func answer(_ id: HTTP2StreamID, _ context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(HTTP2Frame(streamID: id, payload: .headers(.init(headers: headers)))), promise: nil)
        context.write(wrapOutboundOut(HTTP2Frame(streamID: id, payload: .data(.init(data: .byteBuffer(body), endStream: true)))), promise: nil)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if received > 16 << 10 {
            let update = HTTP2Frame(streamID: .rootStream, payload: .windowUpdate(windowSizeIncrement: received))
            context.write(wrapOutboundOut(update), promise: nil)
            received = 0
        }
        context.flush()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

/// Answers requests that have no body.
private final class EmptyHTTP1Handler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let answer: ByteBuffer
    private var head = ByteBuffer()

    init(body: ByteBuffer) {
        var answer = ByteBuffer(string: "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: \(body.readableBytes)\r\n\r\n")
        answer.writeImmutableBuffer(body)
        self.answer = answer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        head.writeBuffer(&bytes)
        while let end = HTTP1Head.end(of: head) {
            head.moveReaderIndex(forwardBy: end)
            context.write(wrapOutboundOut(answer), promise: nil)
        }
        head.discardReadBytes()
    }

    func channelReadComplete(context: ChannelHandlerContext) { context.flush() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
