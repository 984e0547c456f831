import Crypto
package import NIOSSL
package import PKI
import X509

/// Says who a client certificate names: CN is the user, each O is a group. Only certificates for clients count, and only from our authorities.
package struct ClientCertificateJudge: Sendable {
    private let authorities: CertificateStore
    private let now: @Sendable () -> Int64

    /// - Parameter now: seconds since 1970.
    package init(authorities: [PEMCertificate], now: @escaping @Sendable () -> Int64 = systemSeconds) {
        self.authorities = CertificateStore(authorities.map(\.certificate))
        self.now = now
    }

    /// For `HTTPServer`. `chain` is what the client showed, its own certificate first.
    package func judge(_ chain: [NIOSSLCertificate]) async -> CertificateIdentity {
        do {
            var certificates: [PEMCertificate] = []
            for certificate in chain { certificates.append(try PEMCertificate(der: try certificate.toDERBytes())) }
            return await judge(certificates)
        } catch {
            return .rejected(reason: "the client certificate cannot be read: \(error)")
        }
    }

    package func judge(_ chain: [PEMCertificate]) async -> CertificateIdentity {
        guard let leaf = chain.first else { return .absent }
        let time = now()
        guard leaf.notBefore <= time, time <= leaf.notAfter else { return .rejected(reason: "the client certificate is expired or not yet valid") }
        guard leaf.allowsClientAuthentication else { return .rejected(reason: "the certificate is not for clients") }
        guard !leaf.commonName.isEmpty else { return .rejected(reason: "the client certificate names nobody") }
        var verifier = Verifier(rootCertificates: authorities) { RFC5280Policy() }
        let intermediates = CertificateStore(chain.dropFirst().map(\.certificate))
        guard case .validCertificate = await verifier.validate(leaf: leaf.certificate, intermediates: intermediates) else {
            return .rejected(reason: "the client certificate was not signed by an authority of this cluster")
        }
        let fingerprint = SHA256.hash(data: leaf.der).map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }.joined()
        return .verified(
            UserInfo(
                name: leaf.commonName, groups: leaf.organizations,
                extra: ["authentication.kubernetes.io/credential-id": ["X509SHA256=\(fingerprint)"]]),
            notAfter: leaf.notAfter)
    }
}
