import CoreV1
import JSON
import KubernetesAPI
import KubernetesClient
import Linux
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import ServiceLifecycle

/// The node agent's HTTPS server: logs, exec, attach, port forwarding and reports, for the API server and administrators.
final class KubeletServer: ServiceLifecycle.Service {
    private let services: NodeServices
    private let registry: PodRegistry
    private let authorizer: KubeletAuthorizer
    private let authentication: KubeletAuthentication
    private let certificate: ServingCertificate
    private let logger: Logger
    private let requests: AsyncStream<(KubeletRequest, ServerResponse)>
    private let post: AsyncStream<(KubeletRequest, ServerResponse)>.Continuation
    private let listening: AsyncStream<Void>
    private let announce: AsyncStream<Void>.Continuation

    init(
        services: NodeServices, registry: PodRegistry, authorizer: KubeletAuthorizer, authentication: KubeletAuthentication = .init(),
        certificate: ServingCertificate
    ) {
        self.authentication = authentication
        self.certificate = certificate
        self.services = services
        self.registry = registry
        self.authorizer = authorizer
        self.logger = services.logger
        (requests, post) = AsyncStream.makeStream()
        (listening, announce) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Returns when clients can connect. To be asked by one task only.
    ///
    /// - Throws: `CancellationError` when the task is cancelled before.
    func waitUntilListening() async throws {
        for await _ in listening { return }
        throw CancellationError()
    }

    /// - Throws: `KubeletError` when the address cannot be listened on.
    func run() async throws {
        let listener = try await listen()
        announce.yield()
        await cancelWhenGracefulShutdown { [self] in
            await withDiscardingTaskGroup { group in
                for await (request, response) in requests {
                    group.addTask { [self] in await response.scope.run { [self] in await answer(request, response) } }
                }
                group.cancelAll()
            }
            try? await listener.close()
        }
    }

    private func listen() async throws -> any Channel {
        let configuration = services.configuration
        do {
            return try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
                .childChannelInitializer { [post, certificate] channel in
                    channel.eventLoop.makeCompletedFuture {
                        let pipeline = channel.pipeline.syncOperations
                        var limits = NIOHTTPDecoderLimitConfiguration()
                        limits.maxHeaderListSize = ServerConnection.headBytesMax
                        try pipeline.addHandler(NIOSSLServerHandler(context: certificate.current))
                        try pipeline.addHandler(
                            ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: limits)))
                        try pipeline.addHandler(HTTPResponseEncoder())
                        try pipeline.addHandler(ServerConnection { post.yield(($0, $1)) })
                    }
                }
                .bind(host: configuration.address, port: configuration.port).get()
        } catch {
            throw KubeletError(
                "the node agent cannot listen on \(configuration.address):\(configuration.port): \(ConnectionWords.of(error, authority: "")); "
                    + "stop what uses the port (`ss -ltnp | grep :\(configuration.port)` names it) or give another one with --port")
        }
    }

    /// A client without a certificate is let in as far as a 401; one with a certificate of another authority is not let in.
    static func tls(_ configuration: KubeletConfiguration) throws -> TLSConfiguration {
        let chain = try NIOSSLCertificate.fromPEMBytes(configuration.tlsCertificate)
        let key = try NIOSSLPrivateKey(bytes: configuration.tlsPrivateKey, format: .pem)
        var tls = TLSConfiguration.makeServerConfiguration(certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        tls.minimumTLSVersion = configuration.requiresTLS13 ? .tlsv13 : .tlsv12
        tls.cipherSuites = TLSConfiguration.safeCipherSuites
        tls.applicationProtocols = ["http/1.1"]
        if !configuration.clientCA.isEmpty {
            tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(configuration.clientCA))
            tls.certificateVerification = .optionalVerification
        }
        return tls
    }

    // MARK: Answering

    private func answer(_ request: KubeletRequest, _ response: ServerResponse) async {
        do {
            try await authorize(request, response)
            try await route(request, response)
        } catch let error as KubeletHTTPError {
            try? await response.send(error.status, "text/plain; charset=utf-8", Array((error.message + "\n").utf8))
        } catch is CancellationError {
            try? await response.channel.close()
        } catch {
            logger.info("request failed", metadata: ["path": "\(request.path)", "error": "\(error)"])
            if response.isDone {
                try? await response.channel.close()
            } else {
                try? await response.send(.internalServerError, "text/plain; charset=utf-8", Array("\(error)\n".utf8))
            }
        }
    }

    private func authorize(_ request: KubeletRequest, _ response: ServerResponse) async throws {
        let authorization = request.head.headers.first(name: "authorization")
        guard let identity = await authentication.identity(certificate: response.identity, authorization: authorization) else {
            throw KubeletHTTPError(status: .unauthorized, message: "Unauthorized")
        }
        let action = KubeletAction(method: request.head.method.rawValue, path: request.path)
        let what =
            "(user=\(identity.name), verb=\(action.verb), resource=nodes, subresource(s)=[\(action.subresources.joined(separator: " "))])"
        let isAllowed: Bool
        do {
            isAllowed = try await authorizer.allows(identity, action)
        } catch {
            logger.warning(
                "a request could not be authorized", metadata: ["user": "\(identity.name)", "path": "\(request.path)", "error": "\(error)"])
            throw KubeletHTTPError(status: .internalServerError, message: "Authorization error \(what)")
        }
        guard isAllowed else { throw KubeletHTTPError(status: .forbidden, message: "Forbidden \(what)") }
    }

    private static let metricsType = "text/plain; version=0.0.4; charset=utf-8"

    private func route(_ request: KubeletRequest, _ response: ServerResponse) async throws {
        let parts = Path.components(request.path)
        switch parts.first {
        case "healthz": try await response.send(.ok, "text/plain; charset=utf-8", Array("ok".utf8))
        case "configz" where parts.count == 1:
            let settings: JSONValue = ["kubeletconfig": services.configuration.document]
            try await response.send(.ok, "application/json", settings.serialized())
        case "logs": try await SystemLogsHandler(configuration: services.configuration).handle(request, parts, response)
        case "runningpods" where parts.count == 1:
            try await response.send(.ok, "application/json", List<Pod>(items: RunningPods.list(registry)).jsonBytes())
        case "pods" where parts.count == 1:
            let list = List<Pod>(items: registry.all.map(\.pod).sorted { $0.key < $1.key })
            try await response.send(.ok, "application/json", list.jsonBytes())
        case "containerLogs": try await ContainerLogsHandler(services: services, registry: registry).handle(request, parts, response)
        case "exec", "attach", "portForward":
            try await StreamingHandler(services: services, registry: registry).handle(request, parts, response)
        case "stats" where parts.count == 2 && parts[1] == "summary":
            let summary = await StatsSummary(services: services, registry: registry).summary()
            try await response.send(.ok, "application/json", summary.serialized())
        case "metrics" where parts.count == 2 && parts[1] == "resource":
            let text = await ResourceMetrics.measure(services, registry).text
            try await response.send(.ok, Self.metricsType, Array(text.utf8))
        case "metrics" where parts.count == 1:
            let text = StatsSummary(services: services, registry: registry).metrics()
            try await response.send(.ok, Self.metricsType, Array(text.utf8))
        default: throw KubeletHTTPError.notFound("404 page not found")
        }
    }
}
