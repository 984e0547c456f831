import AsyncHTTPClient
import Glibc
package import Logging
package import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// HTTPS to an API server: HTTP/2 where the server speaks it, client certificate or bearer token, own CA.
///
/// Credentials that came from files, a kubeconfig among them, are loaded again when the files change; so is a token file. Whole requests and streams use
/// connections of their own, so that a busy watch does not slow the requests.
package final class HTTPSTransport: Transport {
    /// How long a request may take until the answer begins, and how long its body may pause.
    package static let requestTimeout = TimeAmount.seconds(60)
    package static let connectTimeout = TimeAmount.seconds(10)
    /// An answer may not be larger than this many bytes.
    package static let responseBytesMax = 1 << 30
    /// How often changed credential files are looked for.
    static let reloadInterval = Duration.seconds(5)

    private struct Clients {
        var requests: HTTPClient
        var streams: HTTPClient
        var token: BearerToken?
        var basicAuthorization: String?
    }

    private struct State {
        var connection: ServerConnection
        var clients: Clients
        /// Replaced by newer credentials; their running requests may finish until the next replacement.
        var retired: Clients?
        var stamps: [FileStamp?]
        var nextCheck: Duration
        var isShutDown = false
    }

    private let server: String
    private let endpoint: Endpoint
    private let group: any EventLoopGroup
    private let time: TimeSource
    private let logger: Logger
    private let state: Mutex<State>

    /// Loads the credentials; connects at the first request. Throws when the URL or a credential is unusable, saying which.
    package init(
        _ connection: ServerConnection, group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton, time: TimeSource = .system,
        logger: Logger
    ) throws {
        let endpoint = try Endpoint(connection)
        server = connection.server
        self.endpoint = endpoint
        self.group = group
        self.time = time
        self.logger = logger
        let clients = try Self.makeClients(connection, endpoint, group)
        state = Mutex(
            State(
                connection: connection, clients: clients, stamps: connection.credentialFiles.map { FileStamp(path: $0) },
                nextCheck: time.uptime() + Self.reloadInterval))
    }

    deinit {
        state.withLock { state in
            guard !state.isShutDown else { return }
            Self.close(state.clients)
            if let retired = state.retired { Self.close(retired) }
        }
    }

    /// Closes all connections; running requests fail. The transport cannot be used afterwards.
    package func shutdown() async {
        let clients = state.withLock { state -> [HTTPClient] in
            guard !state.isShutDown else { return [] }
            state.isShutDown = true
            return [state.clients, state.retired].compactMap { $0 }.flatMap { [$0.requests, $0.streams] }
        }
        for client in clients {
            do { try await client.shutdown() } catch {
                logger.debug("connections closed uncleanly", metadata: ["server": "\(server)", "error": "\(error)"])
            }
        }
    }

    package func send(_ request: HTTPRequestData) async throws -> HTTPResponseData {
        let clients = currentClients()
        do {
            let response = try await clients.requests.execute(try outgoing(request, clients), timeout: Self.requestTimeout, logger: Self.silent)
            var body = try await response.body.collect(upTo: Self.responseBytesMax)
            return HTTPResponseData(
                status: Int(response.status.code), headers: response.headers.map { ($0.name, $0.value) },
                body: body.readBytes(length: body.readableBytes) ?? [])
        } catch {
            throw translated(error)
        }
    }

    package func stream(_ request: HTTPRequestData) async throws -> (
        status: Int, headers: [(String, String)], body: AsyncThrowingStream<[UInt8], any Error>
    ) {
        let clients = currentClients()
        do {
            let response = try await clients.streams.execute(try outgoing(request, clients), timeout: Self.requestTimeout, logger: Self.silent)
            // Pulled chunk by chunk, so that a slow reader slows the server and not our memory.
            let reader = ChunkReader(response.body, idleTimeout: request.idleTimeout, time: time)
            let body = AsyncThrowingStream<[UInt8], any Error> { [self] in
                do {
                    return try await reader.next()
                } catch {
                    throw translated(error)
                }
            }
            return (Int(response.status.code), response.headers.map { ($0.name, $0.value) }, body)
        } catch {
            throw translated(error)
        }
    }

    private func outgoing(_ request: HTTPRequestData, _ clients: Clients) throws -> HTTPClientRequest {
        var outgoing = HTTPClientRequest(url: endpoint.base + request.path)
        outgoing.method = HTTPMethod(rawValue: request.method)
        for (name, value) in request.headers { outgoing.headers.add(name: name, value: value) }
        if let token = clients.token {
            outgoing.headers.add(name: "Authorization", value: "Bearer \(try token.current())")
        } else if let basicAuthorization = clients.basicAuthorization {
            outgoing.headers.add(name: "Authorization", value: basicAuthorization)
        }
        if !request.body.isEmpty { outgoing.body = .bytes(ByteBuffer(bytes: request.body)) }
        return outgoing
    }

    private func translated(_ error: any Error) -> any Error {
        TransportError.translating(error, server: server)
    }

    // MARK: Renewed credentials

    private func currentClients() -> Clients {
        let now = time.uptime()
        let (clients, mustCheck) = state.withLock { state in
            let mustCheck = !state.stamps.isEmpty && now >= state.nextCheck && !state.isShutDown
            if mustCheck { state.nextCheck = now + Self.reloadInterval }
            return (state.clients, mustCheck)
        }
        return mustCheck ? reloadIfChanged() ?? clients : clients
    }

    private func reloadIfChanged() -> Clients? {
        let known = state.withLock { $0.connection }
        let stamps = known.credentialFiles.map { FileStamp(path: $0) }
        guard stamps != state.withLock({ $0.stamps }), !stamps.contains(nil) else { return nil }
        do {
            let connection = try known.reread()
            // Certificate and key may be between their renewals: then they are refused here.
            _ = try NIOSSLContext(configuration: tlsConfiguration(connection))
            let fresh = try Self.makeClients(connection, endpoint, group)
            // The files may be others now.
            let stamps = connection.credentialFiles == known.credentialFiles ? stamps : connection.credentialFiles.map { FileStamp(path: $0) }
            let old = state.withLock { state -> Clients? in
                let old = state.retired
                state.retired = state.clients
                state.clients = fresh
                state.connection = connection
                state.stamps = stamps
                return old
            }
            if let old { Self.close(old) }
            logger.info("credentials loaded again", metadata: ["server": "\(server)"])
            return fresh
        } catch {
            // The old ones stay, the next check tries again.
            logger.warning("changed credentials are not usable yet", metadata: ["server": "\(server)", "error": "\(error)"])
            return nil
        }
    }

    private static func close(_ clients: Clients) {
        _ = clients.requests.shutdown()
        _ = clients.streams.shutdown()
    }

    // MARK: Configuration

    /// Requests are logged by callers, who know what they mean; the connection pool's own lines would only repeat them.
    private static let silent = Logger(label: "http", factory: { _ in SwiftLogNoOpLogHandler() })

    private static func makeClients(_ connection: ServerConnection, _ endpoint: Endpoint, _ group: any EventLoopGroup) throws -> Clients {
        var configuration = HTTPClient.Configuration()
        configuration.tlsConfiguration = try tlsConfiguration(connection)
        configuration.redirectConfiguration = .disallow
        configuration.httpVersion = .automatic
        configuration.decompression = .disabled
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
        configuration.timeout.connect = connectTimeout
        if let override = endpoint.dnsOverride { configuration.dnsOverride = [override.name: override.host] }
        configuration.http1_1ConnectionDebugInitializer = { enableKeepAlive($0) }
        configuration.http2ConnectionDebugInitializer = { channel in enableKeepAlive(channel).flatMap { ConnectionHealth.install(on: channel) } }
        var streaming = configuration
        configuration.timeout.read = requestTimeout
        streaming.timeout.read = nil
        return Clients(
            requests: HTTPClient(eventLoopGroup: group, configuration: configuration),
            streams: HTTPClient(eventLoopGroup: group, configuration: streaming),
            token: connection.tokenFile.map { BearerToken(path: $0) } ?? connection.token.map { BearerToken(token: $0) },
            basicAuthorization: connection.username.map { "Basic " + base64Encoded(Array("\($0):\(connection.password ?? "")".utf8)) })
    }

    /// A peer that vanished without a word is noticed within about 45 seconds; within 20 where it owes an answer, for then the kernel asks no more.
    @Sendable private static func enableKeepAlive(_ channel: any Channel) -> EventLoopFuture<Void> {
        let idle = ChannelOptions.Types.SocketOption(level: SocketOptionLevel(IPPROTO_TCP), name: SocketOptionName(TCP_KEEPIDLE))
        let interval = ChannelOptions.Types.SocketOption(level: SocketOptionLevel(IPPROTO_TCP), name: SocketOptionName(TCP_KEEPINTVL))
        let probes = ChannelOptions.Types.SocketOption(level: SocketOptionLevel(IPPROTO_TCP), name: SocketOptionName(TCP_KEEPCNT))
        let unanswered = ChannelOptions.Types.SocketOption(level: SocketOptionLevel(IPPROTO_TCP), name: SocketOptionName(TCP_USER_TIMEOUT))
        return channel.setOption(.socketOption(.so_keepalive), value: 1)
            .flatMap { channel.setOption(idle, value: 30) }
            .flatMap { channel.setOption(interval, value: 5) }
            .flatMap { channel.setOption(probes, value: 3) }
            .flatMap { channel.setOption(unanswered, value: 20_000) }
            .flatMapError { _ in channel.eventLoop.makeSucceededVoidFuture() }
    }
}
