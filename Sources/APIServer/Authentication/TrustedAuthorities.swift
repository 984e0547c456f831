import Logging
package import PKI
import Synchronization
import X509

/// The authorities whose signatures count for one purpose. They can be replaced while the server runs; connections made before keep what they were.
package final class TrustedAuthorities: Sendable {
    private struct State {
        var certificates: [PEMCertificate]
        var store: CertificateStore
        var observers: [@Sendable () -> Void] = []

        init(_ certificates: [PEMCertificate]) {
            self.certificates = certificates
            store = CertificateStore(certificates.map(\.certificate))
        }
    }

    private let state: Mutex<State>

    package init(_ authorities: [PEMCertificate]) {
        state = Mutex(State(authorities))
    }

    package var certificates: [PEMCertificate] { state.withLock { $0.certificates } }

    package func replace(with authorities: [PEMCertificate]) {
        var new = State(authorities)
        let observers = state.withLock { state in
            new.observers = state.observers
            state = new
            return state.observers
        }
        for observer in observers { observer() }
    }

    /// Calls `observer` each time they have been replaced, on the thread of whoever does so.
    func onChange(_ observer: @escaping @Sendable () -> Void) {
        state.withLock { $0.observers.append(observer) }
    }

    /// What keeps them to what a file says. A file that holds no certificate changes nothing.
    func follower(_ path: String, logger: Logger) -> FileFollower {
        FileFollower(path, what: "authorities", logger: logger) { [self] bytes in
            let certificates = try PEMCertificate.all(pem: bytes, what: path)
            if certificates.isEmpty { throw PKIError.malformed(what: path, reason: "it holds no certificate") }
            replace(with: certificates)
        }
    }

    /// Whether a path leads from `leaf` over `chain` to one of these authorities.
    func signed(_ leaf: PEMCertificate, _ chain: [PEMCertificate]) async -> Bool {
        var verifier = Verifier(rootCertificates: state.withLock { $0.store }) { RFC5280Policy() }
        let intermediates = CertificateStore(chain.dropFirst().map(\.certificate))
        if case .validCertificate = await verifier.validate(leaf: leaf.certificate, intermediates: intermediates) { return true }
        return false
    }
}
