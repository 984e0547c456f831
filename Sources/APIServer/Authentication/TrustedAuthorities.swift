package import PKI
import Synchronization
import X509

/// The authorities whose signatures count for one purpose. They can be replaced while the server runs; connections made before keep what they were.
package final class TrustedAuthorities: Sendable {
    private let store: Mutex<CertificateStore>

    package init(_ authorities: [PEMCertificate]) {
        store = Mutex(CertificateStore(authorities.map(\.certificate)))
    }

    package func replace(with authorities: [PEMCertificate]) {
        let new = CertificateStore(authorities.map(\.certificate))
        store.withLock { $0 = new }
    }

    /// Whether a path leads from `leaf` over `chain` to one of these authorities.
    func signed(_ leaf: PEMCertificate, _ chain: [PEMCertificate]) async -> Bool {
        var verifier = Verifier(rootCertificates: store.withLock { $0 }) { RFC5280Policy() }
        let intermediates = CertificateStore(chain.dropFirst().map(\.certificate))
        if case .validCertificate = await verifier.validate(leaf: leaf.certificate, intermediates: intermediates) { return true }
        return false
    }
}
