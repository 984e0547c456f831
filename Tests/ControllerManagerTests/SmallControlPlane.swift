import APIServer
import CoreV1
import FoundationEssentials
import Glibc
import KubernetesAPI
import KubernetesClient
import Logging
import PKI
import Storage
import Testing

@testable import ControllerManager

/// The real API server over a store in memory, and the controllers under their own identities.
struct SmallControlPlane: Sendable {
    let server: APIServer
    let pki: ClusterPKI
    let admin: Client
    private static let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    /// - Parameters:
    ///   - port: on loopback; each test its own.
    ///   - served: what else than usual.
    static func with(port: Int, served: ServedVersions = ServedVersions(), _ body: @escaping @Sendable (SmallControlPlane) async throws -> Void)
        async throws
    {
        let folder = "/tmp/apus-controllers-test-\(UUID().uuidString)"
        mkdir(folder, 0o700)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let pki = try ClusterPKI.ensure(directory: folder, parameters: .init(serviceAddresses: ["10.96.0.1"]), now: Int64(time(nil)))
        let range = try #require(IPRange("10.96.0.0/16"))
        var configuration = try APIServerConfiguration(
            pki: pki, address: "127.0.0.1", port: port, advertiseAddress: "192.0.2.1", services: ServiceNetwork(ranges: [range]))
        configuration.eventLoops = 1
        configuration.served = served
        let server = try APIServer(configuration: configuration, store: MemoryStore(), logger: quiet)
        var settings = ControllerManagerConfiguration(podRanges: nil, rootCA: String(decoding: pki.authorityPEM, as: UTF8.self))
        settings.selection = ControllerSelection(including: ControllerSelection.onlyWhenNamed)
        settings.signing = ClusterSigning(authority: pki.authority)
        let manager = ControllerManager(
            client: client(server, UserInfo(name: "system:kube-controller-manager")), configuration: settings,
            clientOfAccount: { client(server, .serviceAccount(namespace: ControllerAccounts.namespace, name: $0)) }, logger: quiet)
        let plane = SmallControlPlane(server: server, pki: pki, admin: client(server, UserInfo(name: "admin", groups: ["system:masters"])))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            group.addTask {
                try await server.waitUntilReady()
                try await withThrowingTaskGroup(of: Void.self) { parts in
                    parts.addTask { try await manager.run() }
                    parts.addTask { try await body(plane) }
                    defer { parts.cancelAll() }
                    try await parts.next()
                }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    static func client(_ server: APIServer, _ user: UserInfo) -> Client {
        Client(transport: server.transport(as: user), userAgent: user.name)
    }

    func client(as user: UserInfo) -> Client { Self.client(server, user) }

    /// Returns the object once it is as wanted.
    func wait<T: KubernetesResource>(_ type: T.Type, _ name: String, namespace: String? = nil, until isReady: @Sendable (T) -> Bool) async throws -> T
    {
        let options = ListOptions(fieldSelector: "metadata.name=\(name)", resourceVersion: "0")
        for try await event in admin.watch(T.self, namespace: namespace, options) where isReady(event.object) { return event.object }
        throw CancellationError()
    }

    /// Repeats what is refused until a right that was given just now counts: authorization learns of it a moment later.
    func onceAllowed<T>(_ body: () async throws -> T) async throws -> T {
        for _ in 0..<200 {
            do {
                return try await body()
            } catch let error as APIStatusError where error.code == 403 {
                try await Task.sleep(for: .milliseconds(10))
            }
        }
        return try await body()
    }

    /// Returns once the object is gone.
    func waitUntilGone<T: KubernetesResource>(_ type: T.Type, _ name: String, namespace: String? = nil) async throws {
        let version: String?
        do {
            version = try await admin.get(T.self, name, namespace: namespace).metadata.resourceVersion
        } catch let error as APIStatusError where error.isNotFound { return }
        let options = ListOptions(fieldSelector: "metadata.name=\(name)", resourceVersion: version)
        for try await event in admin.watch(T.self, namespace: namespace, options) {
            if case .deleted = event { return }
        }
        throw CancellationError()
    }
}
