import KubernetesClient
import Linux
import NIOCore
import NIOHTTP2
import NIOPosix
import NIOSSL
import NIOTLS

enum WireProtocol: String, Sendable {
    case http2 = "h2"
    case http1 = "http/1.1"
}

/// Where a server is and who we are to it.
struct Server: Sendable {
    let host: String
    let port: Int
    private let tls: TLSConfiguration

    /// The server of a kubeconfig's current context.
    init(kubeconfig path: String) throws {
        let connection = try Kubeconfig.load(path: path).connection()
        guard connection.server.hasPrefix("https://"), let colon = connection.server.lastIndex(of: ":"),
            let port = Int(connection.server[connection.server.index(after: colon)...])
        else { throw LoadError.unusable("\(path): the server \(connection.server) is not https://ADDRESS:PORT") }
        host = String(connection.server.dropFirst("https://".count).prefix { $0 != ":" })
        self.port = port
        var tls = TLSConfiguration.makeClientConfiguration()
        if let authority = connection.certificateAuthority {
            tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Self.read(authority)))
        }
        if let certificate = connection.clientCertificate, let key = connection.clientKey {
            tls.certificateChain = try NIOSSLCertificate.fromPEMBytes(Self.read(certificate)).map { .certificate($0) }
            tls.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: Self.read(key), format: .pem))
        }
        self.tls = tls
    }

    init(_ empty: EmptyServer) throws {
        host = "127.0.0.1"
        port = empty.port
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(empty.authority))
        self.tls = tls
    }

    private static func read(_ pem: ServerConnection.PEM) throws -> [UInt8] {
        switch pem {
        case .data(let bytes): return bytes
        case .file(let path):
            guard let bytes = try Files.read(path) else { throw LoadError.unusable("there is no file \(path)") }
            return bytes
        }
    }

    /// So many connections, spread over the group's loops, with their handshakes done.
    func connect(_ count: Int, _ protocol: WireProtocol, on group: any EventLoopGroup) async throws -> [Line] {
        var tls = tls
        tls.applicationProtocols = [`protocol`.rawValue]
        let context = try NIOSSLContext(configuration: tls)
        let authority = "\(host):\(port)"
        var lines: [Line] = []
        for _ in 0..<count {
            let channel = try await ClientBootstrap(group: group.next())
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .channelOption(.maxMessagesPerRead, value: 16)
                .connectTimeout(.seconds(60))
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let pipeline = channel.pipeline.syncOperations
                        try pipeline.addHandler(NIOSSLClientHandler(context: context, serverHostname: nil))
                        try pipeline.addHandler(HandshakeWaiter(channel.eventLoop.makePromise()))
                        switch `protocol` {
                        case .http2:
                            try pipeline.addHandler(HTTP2Connection.parser())
                            try pipeline.addHandler(HTTP2Connection(authority: authority))
                        case .http1:
                            try pipeline.addHandler(HTTP1Connection(authority: authority))
                        }
                    }
                }
                .connect(host: host, port: port).get()
            let (line, handshake) = try await channel.eventLoop.submit {
                let pipeline = channel.pipeline.syncOperations
                let connection: any ClientConnection =
                    switch `protocol` {
                    case .http2: try pipeline.handler(type: HTTP2Connection.self)
                    case .http1: try pipeline.handler(type: HTTP1Connection.self)
                    }
                return (
                    Line(loop: channel.eventLoop, bound: NIOLoopBound(connection, eventLoop: channel.eventLoop)),
                    try pipeline.handler(type: HandshakeWaiter.self).done.futureResult
                )
            }.get()
            try await handshake.get()
            lines.append(line)
        }
        return lines
    }
}

/// A connection as code outside its loop holds it.
struct Line: Sendable {
    let loop: any EventLoop
    fileprivate let bound: NIOLoopBound<any ClientConnection>

    /// The connection; only to be asked for on the loop.
    var connection: any ClientConnection { bound.value }

    func close() { loop.execute { bound.value.close() } }
}

/// Tells when TLS has been agreed on.
private final class HandshakeWaiter: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    let done: EventLoopPromise<Void>

    init(_ done: EventLoopPromise<Void>) { self.done = done }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case TLSUserEvent.handshakeCompleted? = event as? TLSUserEvent { done.succeed() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        done.fail(LoadError.connectionLost("the server closed it before TLS was agreed on"))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        done.fail(error)
        context.fireErrorCaught(error)
    }
}
