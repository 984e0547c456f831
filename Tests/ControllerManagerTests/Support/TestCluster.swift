import CoreV1
import JSON
import KubernetesAPI
import KubernetesClient
import Logging
import PKI
import Storage
import Testing

@testable import APIServer
@testable import ControllerManager

/// An API server over a store in memory, reached in process, with controllers under a clock that only the test moves.
struct TestCluster: Sendable {
    let client: Client
    let clock: ManualClock
    let store: MemoryStore

    /// The time at which every test begins: 2025-06-15T15:06:40Z.
    static let start: Int64 = 1_750_000_000

    /// Runs `body` beside the controllers, which have synced by then, and a kubelet that gives pods what `status` says. What the informers hear may
    /// be held back by `hold`, until it returns.
    static func with(
        _ controllers: @escaping @Sendable (ControllerContext) -> [any Controller], kubelet status: FakeKubelet.Behaviour? = nil,
        startingAt start: Int64 = start, hold: (@Sendable (_ path: String, _ chunk: [UInt8]) async -> Void)? = nil,
        _ body: @escaping @Sendable (TestCluster) async throws -> Void
    ) async throws {
        let clock = ManualClock(startMicroseconds: start * 1_000_000)
        let time = clock.timeSource
        let now: @Sendable () -> Int64 = { time.wallMicroseconds() / 1_000_000 }
        let authority = try CertificateAuthority.create(commonName: "kubernetes", now: now())
        let (certificate, key) = try authority.issue(.serving("kube-apiserver", dnsNames: ["localhost"], ipAddresses: ["127.0.0.1"]), now: now())
        let tokens = try ServiceAccountTokens(key: .generate(), issuer: "https://kubernetes.default.svc.cluster.local")
        var quiet = Logger(label: "test")
        quiet.logLevel = .critical
        let logger = quiet
        let store = MemoryStore()
        let configuration = APIServerConfiguration(
            address: "127.0.0.1", port: 0, advertiseAddress: "127.0.0.1",
            serving: HTTPServerTLS(certificateChain: try certificate.pem(), privateKey: try key.pem()),
            clientAuthorities: [authority.certificate], kubelets: nil, tokens: tokens,
            services: ServiceNetwork(ranges: [try #require(IPRange("10.96.0.0/16"))]), eventLoops: 1)
        let server = try APIServer(configuration: configuration, store: store, clock: ServerClock(seconds: now), logger: logger)
        let transport = server.transport(as: UserInfo(name: "test", groups: ["system:masters"]))
        let client = Client(transport: transport, userAgent: "test", time: time)
        let cluster = TestCluster(client: client, clock: clock, store: store)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            group.addTask {
                try await server.waitUntilReady()
                try await cluster.prepare()
                try await cluster.run(controllers, status, hold.map { HoldingTransport(transport: transport, hold: $0) } ?? transport, logger, body)
            }
            // The server runs until it is cancelled; the body ends first.
            try await group.next()
            group.cancelAll()
            try? await group.waitForAll()
        }
    }

    private func prepare() async throws {
        // Pods need the account that a controller would make.
        _ = try await client.create(
            ServiceAccount {
                $0.metadata.name = "default"
                $0.metadata.namespace = "default"
            })
    }

    private func run(
        _ controllers: @escaping @Sendable (ControllerContext) -> [any Controller], _ behaviour: FakeKubelet.Behaviour?, _ transport: any Transport,
        _ logger: Logger,
        _ body: @escaping @Sendable (TestCluster) async throws -> Void
    ) async throws {
        let time = clock.timeSource
        let informers = InformerFactory(client: Client(transport: transport, userAgent: "test", time: time), time: time, logger: logger)
        let context = ControllerContext(client: client, informers: informers, time: time, logger: logger)
        let all = controllers(context)
        let kubelet = behaviour.map { FakeKubelet(client: client, informers: informers, time: time, behaviour: $0) }
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await informers.run()
                return false
            }
            try await informers.waitForSync()
            for controller in all {
                group.addTask {
                    try await controller.run()
                    return false
                }
            }
            if let kubelet {
                group.addTask {
                    await kubelet.run()
                    return false
                }
            }
            group.addTask {
                try await body(self)
                return true
            }
            while let isBody = try await group.next(), !isBody {}
            group.cancelAll()
            while (try? await group.next()) != nil {}
        }
    }

    /// Returns once the condition holds; it is asked again after every change of the store. Fails the test after twenty seconds.
    func until(
        _ what: String, sourceLocation: SourceLocation = #_sourceLocation, _ condition: @escaping @Sendable () async throws -> Bool
    ) async throws {
        let (ticks, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let watch = try store.watch(.all, from: store.currentRevision) { _ in continuation.yield() }
        defer { watch.cancel() }
        do {
            try await withDeadline(.seconds(20)) {
                if try await condition() { return }
                for await _ in ticks where try await condition() { return }
            }
        } catch is DeadlineError {
            Issue.record("it never came true: \(what)", sourceLocation: sourceLocation)
            throw NeverCame(what: what)
        }
    }

    struct NeverCame: Error {
        var what: String
    }

    /// The objects of a kind in the default namespace, by name.
    func all<T: KubernetesResource>(_ type: T.Type) async throws -> [T] {
        try await client.list(T.self, namespace: T.resource.namespaced ? "default" : nil).items
            .sorted { ($0.metadata.name ?? "") < ($1.metadata.name ?? "") }
    }

    func get<T: KubernetesResource>(_ type: T.Type, _ name: String) async throws -> T {
        try await client.get(T.self, name, namespace: T.resource.namespaced ? "default" : nil)
    }

    /// Reads, changes and writes until nobody comes in between.
    @discardableResult
    func edit<T: KubernetesResource>(_ type: T.Type, _ name: String, subresource: String? = nil, _ change: (inout T) -> Void) async throws -> T {
        while true {
            var object = try await get(T.self, name)
            change(&object)
            do {
                return try await client.update(object, subresource: subresource)
            } catch let error as APIStatusError where error.isConflict {
                continue
            }
        }
    }
}

/// A pod template with one container.
func template(_ labels: [String: String], image: String = "web:1", restartPolicy: String? = nil) -> PodTemplateSpec {
    PodTemplateSpec { template in
        template.metadata.labels = labels
        template.spec.restartPolicy = restartPolicy
        template.spec.containers = [
            Container {
                $0.name = "c"
                $0.image = image
            }
        ]
    }
}

func labelSelector(_ labels: [String: String]) -> LabelSelector {
    LabelSelector { $0.matchLabels = labels }
}
