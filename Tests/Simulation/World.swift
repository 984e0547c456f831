import APIServer
import ControllerManager
import CoreV1
import KubernetesAPI
import KubernetesClient
import Logging
import PKI
import Scheduler
import Storage
import Synchronization

/// Everything there is in one run: a store, an API server on it, the components, the nodes, and the time.
final class World: Sendable {
    let dice: Dice
    let clock: VirtualClock
    let store: FaultyStore
    let trace: Trace
    let ledger: Ledger
    /// Off: from now on nothing fails, so that the system may come to rest.
    let faults = Atomic<Bool>(true)
    private let server = Mutex<ServerRun?>(nil)
    private static let quiet = Logger(label: "simulation", factory: { _ in SwiftLogNoOpLogHandler() })

    struct ServerRun: Sendable {
        let server: APIServer
        let task: Task<Void, Never>
    }

    /// 2025-06-15T15:06:40Z.
    static let start: Int64 = 1_750_000_000

    let nodeNames: [String]
    private let retired = Mutex<[ServerRun]>([])
    private let processes = Mutex<[Process]>([])

    init(seed: UInt64, isVerbose: Bool, nodeNames: [String]) {
        self.nodeNames = nodeNames
        dice = Dice(seed: seed)
        clock = VirtualClock(start: Self.start)
        trace = Trace(clock: clock, isVerbose: isVerbose)
        ledger = Ledger(trace: trace)
        store = FaultyStore(MemoryStore(clock: clock.storeClock))
    }

    var time: TimeSource { clock.timeSource }
    var logger: Logger {
        guard trace.isVerbose else { return Self.quiet }
        let trace = trace
        return Logger(label: "simulation", factory: { _ in TraceLog(trace: trace) })
    }
    var areFaultsOn: Bool { faults.load(ordering: .relaxed) }

    func sleep(_ duration: Duration) async { try? await time.sleep(duration) }

    // MARK: API server

    func startServer() async {
        do {
            let time = time
            let certificates = try Certificates.shared.get()
            guard let range = IPRange("10.96.0.0/16") else { return }
            var configuration = APIServerConfiguration(
                address: "127.0.0.1", port: 6443, advertiseAddress: "192.0.2.1", serving: certificates.serving,
                clientAuthorities: [certificates.authority.certificate], kubelets: nil, tokens: certificates.tokens,
                services: ServiceNetwork(ranges: [range]), eventLoops: 1)
            configuration.listens = false
            let server = try APIServer(
                configuration: configuration, store: store,
                clock: ServerClock(
                    seconds: { time.wallMicroseconds() / 1_000_000 }, sleep: { try await time.sleep($0) },
                    begin: { work in Task { work() } }), logger: logger)
            let task = Task { _ = try? await server.run() }
            self.server.withLock { $0 = ServerRun(server: server, task: task) }
            try await server.waitUntilReady()
            trace.note("API server is ready")
        } catch {
            trace.note("API server did not start: \(error)")
        }
    }

    /// What is on its way to it gets no answer.
    func killServer() -> ServerRun? {
        let run = server.withLock { run in
            defer { run = nil }
            return run
        }
        run?.task.cancel()
        return run
    }

    /// Its tasks are waited for at the end.
    func retire(_ run: ServerRun) { retired.withLock { $0.append(run) } }

    func keep(_ processes: [Process]) { self.processes.withLock { $0 = processes } }

    /// Ends everything.
    func end() async {
        for process in processes.withLock({ $0 }) { process.kill() }
        if let run = killServer() { retire(run) }
        for run in retired.withLock({ $0 }) { await run.task.value }
    }

    var currentServer: APIServer? { server.withLock { $0?.server } }

    /// A client that nothing happens to, for those who look on.
    func client(_ name: String = "admin") -> Client {
        Client(
            transport: FaultyTransport(world: self, process: nil, user: UserInfo(name: name, groups: ["system:masters"])), userAgent: name, time: time
        )
    }
}

/// Made once: they take longer than a run.
struct Certificates: Sendable {
    let authority: CertificateAuthority
    let serving: HTTPServerTLS
    let tokens: ServiceAccountTokens

    static let shared = Result<Certificates, any Error> {
        let authority = try CertificateAuthority.create(commonName: "kubernetes", now: World.start)
        let (certificate, key) = try authority.issue(
            .serving("kube-apiserver", dnsNames: ["localhost"], ipAddresses: ["127.0.0.1"]), now: World.start)
        return Certificates(
            authority: authority, serving: HTTPServerTLS(certificateChain: try certificate.pem(), privateKey: try key.pem()),
            tokens: try ServiceAccountTokens(key: .generate(), issuer: "https://kubernetes.default.svc.cluster.local"))
    }
}
