import APIServer
import FoundationEssentials
import FreePort
import Glibc
import KubernetesClient
import Logging
import PKI
import Storage
import Testing

private let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

/// The ways to an API server; one suite serves them all.
enum TransportKind: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case inProcess
    case https

    var testDescription: String { rawValue }
}

/// An API server over a store in memory, and a client of it under an administrator's identity.
struct ServerFixture: Sendable {
    let client: Client
    /// Of this fixture's transport, under another identity.
    let clientAs: @Sendable (_ user: String, _ groups: [String]) throws -> Client

    static func run(_ kind: TransportKind, _ body: @escaping @Sendable (ServerFixture) async throws -> Void) async throws {
        let folder = "/tmp/apus-client-test-\(UUID().uuidString)"
        mkdir(folder, 0o700)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let now = Int64(time(nil))
        let pki = try ClusterPKI.ensure(
            directory: folder, parameters: .init(serviceAddresses: ["10.96.0.1"], addresses: ["127.0.0.1"]), now: now)
        guard let range = IPRange("10.96.0.0/16") else { return }
        let port = try freePort()
        var configuration = try APIServerConfiguration(
            pki: pki, address: "127.0.0.1", port: port, advertiseAddress: "192.0.2.1", services: ServiceNetwork(ranges: [range]))
        configuration.eventLoops = 1
        let server = try APIServer(configuration: configuration, store: MemoryStore(), logger: quiet)
        let opened = Recorded<HTTPSTransport>()
        let clientAs: @Sendable (String, [String]) throws -> Client = { user, groups in
            switch kind {
            case .inProcess:
                return Client(transport: server.transport(as: UserInfo(name: user, groups: groups)), userAgent: "test")
            case .https:
                let identity = try pki.authority.issue(.client(user: user, groups: groups), now: now)
                var connection = ServerConnection(server: "https://127.0.0.1:\(port)")
                connection.certificateAuthority = .data(pki.authorityPEM)
                connection.clientCertificate = .data(try identity.certificate.pem())
                connection.clientKey = .data(try identity.key.pem())
                let transport = try HTTPSTransport(connection, logger: quiet)
                opened.append(transport)
                return Client(transport: transport, userAgent: "test")
            }
        }
        let fixture = ServerFixture(client: try clientAs("admin", ["system:masters"]), clientAs: clientAs)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            group.addTask {
                try await server.waitUntilReady()
                try await body(fixture)
            }
            defer { group.cancelAll() }
            // The body ends first, unless the server fails.
            try await group.next()
        }
        for transport in opened.values { await transport.shutdown() }
    }
}
