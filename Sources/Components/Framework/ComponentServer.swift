import APIServer
import Flags
import KubernetesClient
import Linux
import Logging
import NIOHTTP1
import PKI
import ServiceLifecycle

/// The HTTPS port of the scheduler and the controller manager: health for everybody, metrics and settings for who may see them.
package final class ComponentServer: ServiceLifecycle.Service {
    private let server: HTTPServer
    private let certificateFollower: FileFollower?
    private let lookup: TrustLookup?
    private let follower: FileFollower?
    private let logger: Logger

    /// - Parameter settings: what `/configz` answers, JSON.
    /// - Throws: `FlagProblem`, or what is wrong with the certificates. Nil with `--secure-port=0`.
    init?(_ flags: FlagValues, health: HealthHandler, logger: Logger, settings: [UInt8], time: TimeSource = .system) throws {
        let port = try flags.port("secure-port")
        guard port != 0 else { return nil }
        let program = flags.table.program
        let files = try ServingFiles(flags)
        let names = [HostName.current.lowercased(), "localhost"]
        let tls: HTTPServerTLS
        var watched = files
        if let files {
            tls = try files.load()
        } else if let folder = flags.text("cert-dir") {
            let made = try ServingFiles.selfSigned(program, in: folder, dnsNames: names, addresses: ["127.0.0.1"])
            tls = try made.load()
            watched = made
        } else {
            tls = try ServingFiles.selfSigned(program, dnsNames: names, addresses: ["127.0.0.1"])
        }
        let authorities = TrustedAuthorities([])
        let trust = ClientTrust(authorities)
        let place = flags.text("client-ca-file")
        if let place { try trust.give(try ServingFiles.read(place), what: place) }
        follower = place.map { place in
            FileFollower(place, what: "authorities of clients", time: time, logger: logger) { try trust.give($0, what: place) }
        }
        let asked = try ClientMaker.make(kubeconfig: flags.text("authentication-kubeconfig"), program: program, logger: logger)
        lookup = flags.bool("authentication-skip-lookup") ? nil : asked.map { TrustLookup(client: $0, trust: trust, logger: logger) }
        let access = DelegatedAccess(
            alwaysAllowed: flags.list("authorization-always-allow-paths"),
            reviews: DelegatedReviews(
                tokens: asked, access: try ClientMaker.make(kubeconfig: flags.text("authorization-kubeconfig"), program: program, logger: logger),
                logger: logger))
        let judge = ClientCertificateJudge(authorities: authorities)
        let handler = Endpoints(
            access: access, health: health, metrics: MetricsHandler(requests: RequestMetrics()), settings: settings, logger: logger)
        server = try HTTPServer(
            configuration: .init(
                address: flags.string("bind-address"), port: port, tls: try tls.withMinimum(flags), eventLoops: 1), handler: handler,
            judge: { await judge.judge($0) }, logger: logger)
        let server = server
        let minimum = try MinimumTLS(flags)
        certificateFollower = watched.map { files in
            files.follower(logger: logger) { try server.replaceCertificate(minimum.applied(to: $0)) }
        }
        self.logger = logger
    }

    package func run() async throws {
        let address = try await server.start()
        logger.info("health and metrics are served", metadata: ["address": "\(address)"])
        try await withThrowingDiscardingTaskGroup { group in
            if let lookup { group.addTask { try await lookup.run() } }
            if let follower { group.addTask { try await follower.run() } }
            if let certificateFollower { group.addTask { try await certificateFollower.run() } }
            group.addTask { try await self.server.run() }
        }
    }

    private struct Endpoints: RequestHandler {
        let access: DelegatedAccess
        let health: HealthHandler
        let metrics: MetricsHandler
        let settings: [UInt8]
        let logger: Logger

        func handle(_ request: APIRequest, _ responder: any Responder) {
            if access.isOpen(request.path) {
                answer(request, responder)
                return
            }
            Task {
                do {
                    let refusal = try await access.refusal(of: request)
                    if let refusal { responder.respond(refusal) } else { answer(request, responder) }
                } catch {
                    logger.warning("the API server could not be asked about a request", metadata: ["path": "\(request.path)", "error": "\(error)"])
                    responder.respond(APIStatus.internalError("the API server could not be asked about the request"))
                }
            }
        }

        private func answer(_ request: APIRequest, _ responder: any Responder) {
            switch request.path {
            case "/metrics": metrics.handle(request, responder)
            case "/configz": responder.respond(json: settings)
            case _ where HealthHandler.serves(request.path): health.handle(request, responder)
            default: responder.respond(status: 404, headers: ["Content-Type": "text/plain; charset=utf-8"], body: Array("404 page not found\n".utf8))
            }
        }
    }
}
