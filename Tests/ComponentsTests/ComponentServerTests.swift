import APIServer
import Flags
import FoundationEssentials
import FreePort
import KubernetesClient
import Logging
import PKI
import Testing

@testable import Components

/// The port of the scheduler and the controller manager, over TLS.
@Suite(.timeLimit(.minutes(5))) struct ComponentServerTests {
    private static let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    private func withFolder(_ body: (String) async throws -> Void) async throws {
        let folder = "/tmp/apus-component-test-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await body(folder)
    }

    private func status(
        _ path: String, port: Int, server: CertificateAuthority, _ authority: CertificateAuthority? = nil, user: CertificateSpec? = nil
    ) async throws -> Int {
        var connection = ServerConnection(server: "https://127.0.0.1:\(port)")
        connection.certificateAuthority = .data(try server.certificate.pem())
        if let authority, let user {
            let (certificate, key) = try authority.issue(user, now: systemSeconds())
            connection.clientCertificate = .data(try certificate.pem())
            connection.clientKey = .data(try key.pem())
        }
        let transport = try HTTPSTransport(connection, logger: Self.quiet)
        let status = try await transport.send(HTTPRequestData(path: path)).status
        await transport.shutdown()
        return status
    }

    @Test("Authorities of clients that stand in another file's place count without a restart")
    func authoritiesAreReplaced() async throws {
        try await withFolder { folder in
            let now = systemSeconds()
            let authorities = try ["first", "second"].map { try CertificateAuthority.create(commonName: $0, now: now) }
            let file = folder + "/clients.crt"
            try SecretFile.write(try authorities[0].certificate.pem(), to: file)
            let issuer = try CertificateAuthority.create(commonName: "server", now: now)
            let (certificate, key) = try issuer.issue(.serving("kube-scheduler", dnsNames: [], ipAddresses: ["127.0.0.1"]), now: now)
            try SecretFile.write(try certificate.pem(), to: folder + "/server.crt")
            try SecretFile.write(try key.pem(), to: folder + "/server.key")
            let port = try freePort()
            let flags = try FlagValues(
                SchedulerFlags.table,
                arguments: [
                    "--secure-port=\(port)", "--bind-address=127.0.0.1", "--client-ca-file=\(file)", "--tls-cert-file=\(folder)/server.crt",
                    "--tls-private-key-file=\(folder)/server.key",
                ])
            let clock = ManualClock()
            let server = try #require(
                try ComponentServer(flags, health: HealthHandler(), logger: Self.quiet, settings: Array("{}".utf8), time: clock.timeSource))
            let running = Task { try await server.run() }
            defer { running.cancel() }
            // It listens before it looks after its files.
            await clock.waitForSleepers()
            let admin = CertificateSpec.client(user: "ana", groups: ["system:masters"])
            func status(_ path: String, _ authority: CertificateAuthority? = nil, _ user: CertificateSpec? = nil) async throws -> Int {
                try await self.status(path, port: port, server: issuer, authority, user: user)
            }
            #expect(try await status("/healthz") == 200)
            #expect(try await status("/metrics") == 403)
            #expect(try await status("/metrics", authorities[0], admin) == 200)
            #expect(try await status("/metrics", authorities[0], .client(user: "ana")) == 403)
            #expect(try await status("/metrics", authorities[1], admin) == 401)
            // A file without a certificate changes nothing.
            for (text, first, second) in [(Array("nothing".utf8), 200, 401), (try authorities[1].certificate.pem(), 401, 200)] {
                try SecretFile.write(text, to: file)
                clock.advance(by: .seconds(5))
                await clock.waitForSleepers()
                #expect(try await status("/metrics", authorities[0], admin) == first)
                #expect(try await status("/metrics", authorities[1], admin) == second)
            }
        }
    }
}
