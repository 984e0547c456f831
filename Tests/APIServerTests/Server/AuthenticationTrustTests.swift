import JSON
import KubernetesAPI
import Logging
import NIOHTTP1
import PKI
import Testing

@testable import APIServer

/// Whose certificates count, as others are told.
@Suite struct AuthenticationTrustTests {
    private static let path = "/api/v1/namespaces/kube-system/configmaps"
    private static let name = "extension-apiserver-authentication"

    private func text(_ authorities: CertificateAuthority...) throws -> String {
        try authorities.map { String(decoding: try $0.certificate.pem(), as: UTF8.self) }.joined()
    }

    @Test func whatItSays() async throws {
        let proxies = try CertificateAuthority.create(commonName: "proxies", now: systemSeconds())
        let headers = FrontProxyHeaders(userHeaders: ["X-Remote-User", "X-User"], uidHeaders: [], allowedNames: ["front"])
        try await WholeServer.with({ $0.authentication.frontProxy = .init(authorities: [proxies.certificate], headers: headers) }) { whole in
            let map = try await whole.call(.GET, "\(Self.path)/\(Self.name)", user: WholeServer.admin)
            #expect(
                map.json["data"] == [
                    "client-ca-file": .string(try text(whole.authority)), "requestheader-client-ca-file": .string(try text(proxies)),
                    "requestheader-username-headers": #"["X-Remote-User","X-User"]"#, "requestheader-group-headers": #"["X-Remote-Group"]"#,
                    "requestheader-extra-headers-prefix": #"["X-Remote-Extra-"]"#, "requestheader-allowed-names": #"["front"]"#,
                ], "\(map.text)")
            // Components read it, and nobody else but administrators.
            func may(_ user: String) async throws -> Int {
                try await whole.call(.GET, "\(Self.path)/\(Self.name)", user: .client(user: user)).status
            }
            #expect(try await may("system:kube-scheduler") == 200)
            #expect(try await may("system:kube-controller-manager") == 200)
            #expect(try await may("ana") == 403)
        }
    }

    @Test("It says what is true now, whatever others write, and keeps what other servers have said")
    func itIsKept() async throws {
        let now = systemSeconds()
        let server = try await TestServer()
        let old = try CertificateAuthority.create(commonName: "old", now: now - 20 * 365 * 86400)
        let (first, second, other) = (
            try CertificateAuthority.create(commonName: "first", now: now), try CertificateAuthority.create(commonName: "second", now: now),
            try CertificateAuthority.create(commonName: "of another server", now: now)
        )
        let clients = TrustedAuthorities([first.certificate])
        _ = try await server.created(
            "POST", Self.path,
            [
                "metadata": ["name": .string(Self.name)],
                "data": [
                    "client-ca-file": .string(try text(old, other)), "requestheader-allowed-names": #"["theirs"]"#, "further": "kept",
                ],
            ])
        let trust = AuthenticationTrust(
            registry: server.registry, clients: clients, proxies: clients, headers: FrontProxyHeaders(allowedNames: ["ours"]), now: { now },
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        let watch = try server.watch("\(Self.path)?watch=true&fieldSelector=metadata.name%3D\(Self.name)")
        #expect(await watch.next()?.text("type") == "ADDED")
        let running = Task { try await trust.run() }
        defer { running.cancel() }
        let written = await watch.next()
        #expect(written?.text("object", "data", "client-ca-file") == (try text(other, first)))
        #expect(written?.text("object", "data", "requestheader-allowed-names") == #"["theirs","ours"]"#)
        #expect(written?.text("object", "data", "further") == "kept")
        // The file has changed.
        clients.replace(with: [second.certificate])
        #expect(await watch.next()?.text("object", "data", "client-ca-file") == (try text(other, first, second)))
        // Somebody takes it away.
        _ = try await server.created("DELETE", "\(Self.path)/\(Self.name)")
        #expect(await watch.next()?.text("type") == "DELETED")
        let again = await watch.next()
        #expect(again?.text("type") == "ADDED")
        #expect(again?.text("object", "data", "client-ca-file") == (try text(second)))
        #expect(again?.text("object", "data", "requestheader-allowed-names") == #"["ours"]"#)
    }
}
