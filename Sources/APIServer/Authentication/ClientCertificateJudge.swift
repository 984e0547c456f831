import Crypto
package import NIOSSL
package import PKI
import X509

/// Says who a client certificate names: CN is the user, each O is a group. Only certificates for clients count, and only from our authorities.
///
/// The authority of front proxies is another one: what it signs names no user, only a proxy.
package struct ClientCertificateJudge: Sendable {
    private let authorities: TrustedAuthorities
    private let proxyAuthorities: TrustedAuthorities?
    private let proxyNames: [String]
    private let now: @Sendable () -> Int64

    /// - Parameter proxyNames: common names of the front proxies that are believed; empty: all that `proxyAuthorities` have signed.
    /// - Parameter now: seconds since 1970.
    package init(
        authorities: TrustedAuthorities, proxyAuthorities: TrustedAuthorities? = nil, proxyNames: [String] = [],
        now: @escaping @Sendable () -> Int64 = systemSeconds
    ) {
        self.authorities = authorities
        self.proxyAuthorities = proxyAuthorities
        self.proxyNames = proxyNames
        self.now = now
    }

    package init(authorities: [PEMCertificate], now: @escaping @Sendable () -> Int64 = systemSeconds) {
        self.init(authorities: TrustedAuthorities(authorities), now: now)
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
        let identity = await user(leaf, chain)
        guard let proxyAuthorities, await proxyAuthorities.signed(leaf, chain) else { return identity }
        if !proxyNames.isEmpty, !proxyNames.contains(leaf.commonName) {
            if case .verified = identity { return identity }
            return .rejected(reason: "the front proxy \(goQuoted(leaf.commonName)) is not one of those that are believed")
        }
        return .frontProxy(notAfter: leaf.notAfter, otherwise: identity)
    }

    private func user(_ leaf: PEMCertificate, _ chain: [PEMCertificate]) async -> CertificateIdentity {
        guard await authorities.signed(leaf, chain) else {
            return .rejected(reason: "the client certificate was not signed by an authority of this cluster")
        }
        guard !leaf.commonName.isEmpty else { return .rejected(reason: "the client certificate names nobody") }
        let fingerprint = SHA256.hash(data: leaf.der).map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }.joined()
        return .verified(
            UserInfo(
                name: leaf.commonName, groups: leaf.organizations,
                extra: ["authentication.kubernetes.io/credential-id": ["X509SHA256=\(fingerprint)"]]),
            notAfter: leaf.notAfter)
    }
}
