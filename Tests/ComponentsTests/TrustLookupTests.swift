import APIServer
import KubernetesClient
import Logging
import PKI
import Testing

@testable import Components

/// Whose certificates count at a component's port.
@Suite struct TrustLookupTests {
    /// Nobody is asked.
    private struct Nowhere: Transport {
        func send(_ request: HTTPRequestData) async throws -> HTTPResponseData { throw CancellationError() }
        func stream(_ request: HTTPRequestData) async throws -> (
            status: Int, headers: [(String, String)], body: AsyncThrowingStream<[UInt8], any Error>
        ) { throw CancellationError() }
    }

    @Test func whatTheServerSaysCountsBesideWhatAFlagSays() async throws {
        let now = systemSeconds()
        let given = try CertificateAuthority.create(commonName: "given", now: now)
        let first = try CertificateAuthority.create(commonName: "first", now: now)
        let second = try CertificateAuthority.create(commonName: "second", now: now)
        let authorities = TrustedAuthorities([])
        let trust = ClientTrust(authorities)
        try trust.give(try given.certificate.pem(), what: "clients.crt")
        let lookup = TrustLookup(
            client: Client(transport: Nowhere(), userAgent: "test"), trust: trust,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        let judge = ClientCertificateJudge(authorities: authorities)
        func counts() async throws -> [Bool] {
            var counts: [Bool] = []
            for authority in [given, first, second] {
                let (leaf, _) = try authority.issue(.client(user: "u"), now: now)
                if case .verified = await judge.judge([leaf]) { counts.append(true) } else { counts.append(false) }
            }
            return counts
        }
        func text(_ authorities: CertificateAuthority...) throws -> String {
            try authorities.map { String(decoding: try $0.certificate.pem(), as: UTF8.self) }.joined()
        }
        #expect(try await counts() == [true, false, false])
        lookup.take(["client-ca-file": try text(first, given)])
        #expect(try await counts() == [true, true, false])
        lookup.take(["client-ca-file": try text(second)])
        #expect(try await counts() == [true, false, true])
        lookup.take(["client-ca-file": "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"])
        #expect(try await counts() == [true, false, true])
        lookup.take([:])
        #expect(try await counts() == [true, false, false])
        // The file may change as well, and takes nothing from what the server says.
        lookup.take(["client-ca-file": try text(second)])
        try trust.give(Array(try text(first).utf8), what: "clients.crt")
        #expect(try await counts() == [false, true, true])
        #expect(throws: PKIError.self) { try trust.give([], what: "clients.crt") }
        #expect(try await counts() == [false, true, true])
    }
}
