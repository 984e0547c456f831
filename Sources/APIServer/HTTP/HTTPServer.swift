import Dispatch
package import Logging
package import NIOCore
import NIOPosix
package import NIOSSL
import ServiceLifecycle
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// Judges the certificates that a client showed (leaf first). Called once for each connection that shows any.
package typealias CertificateJudge = @Sendable ([NIOSSLCertificate]) async -> CertificateIdentity

/// The network side of the API server: TLS, HTTP/1.1 and HTTP/2, one event loop for each core. Hands complete requests to a `RequestHandler`.
package final class HTTPServer: Service {
    package struct Configuration: Sendable {
        package var address: String
        /// 0 lets the system choose; see `HTTPServer.start()`.
        package var port: Int
        /// Nil serves plain HTTP.
        package var tls: HTTPServerTLS?
        package var eventLoops: Int

        package init(address: String = "0.0.0.0", port: Int, tls: HTTPServerTLS?, eventLoops: Int = System.coreCount) {
            self.address = address
            self.port = port
            self.tls = tls
            self.eventLoops = eventLoops
        }
    }

    private struct State {
        var context: NIOSSLContext?
        var listener: (any Channel)?
        var connections: [ObjectIdentifier: any Channel] = [:]
        var isStopping = false
    }

    package let eventLoopGroup: any EventLoopGroup
    private let configuration: Configuration
    private let front: HTTPFront
    private let judge: CertificateJudge
    private let state = Mutex(State())
    private let logger: Logger

    /// - Throws: when the certificate or key cannot be used.
    package init(configuration: Configuration, handler: any RequestHandler, judge: @escaping CertificateJudge, logger: Logger) throws {
        self.configuration = configuration
        self.judge = judge
        self.logger = logger
        eventLoopGroup = MultiThreadedEventLoopGroup(numberOfThreads: max(1, configuration.eventLoops))
        front = HTTPFront(handler: handler, ids: RequestIDSource(), counter: InFlightCounter(), logger: logger)
        let context = try configuration.tls?.makeContext()
        state.withLock { $0.context = context }
    }

    /// Uses another certificate for connections that come from now on.
    package func replaceCertificate(_ tls: HTTPServerTLS) throws {
        let context = try tls.makeContext()
        state.withLock { $0.context = context }
    }

    /// Begins to accept connections.
    ///
    /// - Returns: the address that is listened on.
    /// - Throws: `HTTPServerError`.
    @discardableResult
    package func start() async throws -> SocketAddress {
        let bootstrap = ServerBootstrap(group: eventLoopGroup)
            .serverChannelOption(.backlog, value: HTTPLimits.listenBacklog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelOption(.socket(IPPROTO_TCP, TCP_KEEPIDLE), value: 30)
            .childChannelOption(.socket(IPPROTO_TCP, TCP_KEEPINTVL), value: 15)
            .childChannelOption(.socket(IPPROTO_TCP, TCP_KEEPCNT), value: 4)
            .childChannelOption(.maxMessagesPerRead, value: 16)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try self.initialize(channel) }
            }
        do {
            let listener = try await bootstrap.bind(host: configuration.address, port: configuration.port).get()
            guard let address = listener.localAddress else {
                throw HTTPServerError.cannotListen(address: description, reason: "the system tells no local address")
            }
            state.withLock { $0.listener = listener }
            return address
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            throw HTTPServerError.addressInUse(address: description)
        } catch let error as IOError where error.errnoCode == EACCES {
            throw HTTPServerError.notPermitted(address: description)
        } catch let error as HTTPServerError {
            throw error
        } catch {
            throw HTTPServerError.cannotListen(address: description, reason: "\(error)")
        }
    }

    /// Stops accepting, lets open requests end, closes what is left and ends the event loops.
    package func stop() async {
        let (listener, channels) = state.withLock { state -> ((any Channel)?, [any Channel]) in
            state.isStopping = true
            defer { state.listener = nil }
            return (state.listener, Array(state.connections.values))
        }
        try? await listener?.close()
        for channel in channels { channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }
        let deadline = NIODeadline.now() + HTTPLimits.shutdownGrace
        while front.counter.current > 0, NIODeadline.now() < deadline, !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(10))
        }
        let left = state.withLock { Array($0.connections.values) }
        for channel in left { try? await channel.close() }
        try? await eventLoopGroup.shutdownGracefully()
    }

    /// Serves until the surrounding service group shuts down. `start()` must have succeeded.
    package func run() async throws {
        try? await gracefulShutdown()
        await stop()
    }

    private var description: String {
        configuration.address.contains(":") ? "[\(configuration.address)]:\(configuration.port)" : "\(configuration.address):\(configuration.port)"
    }

    private func initialize(_ channel: any Channel) throws {
        let id = ObjectIdentifier(channel)
        let (context, isStopping) = state.withLock { state -> (NIOSSLContext?, Bool) in
            state.connections[id] = channel
            return (state.context, state.isStopping)
        }
        channel.closeFuture.whenComplete { _ in _ = self.state.withLock { $0.connections.removeValue(forKey: id) } }
        if isStopping {
            channel.close(promise: nil)
            return
        }
        try ConnectionPipeline(front: front, judge: judge).install(on: channel, tls: context)
    }
}

/// Why the server cannot listen, with what to do about it.
package enum HTTPServerError: Error, CustomStringConvertible {
    case addressInUse(address: String)
    case notPermitted(address: String)
    case cannotListen(address: String, reason: String)

    package var description: String {
        switch self {
        case .addressInUse(let address):
            "cannot listen on \(address): another process uses this port; stop it or choose another port"
        case .notPermitted(let address):
            "cannot listen on \(address): not permitted; run as root or choose a port above 1023"
        case .cannotListen(let address, let reason):
            "cannot listen on \(address): \(reason)"
        }
    }
}
