import Synchronization

/// A serving certificate that may be replaced while the server runs.
package final class RenewedCertificate: Sendable {
    private let state = Mutex<(certificate: [UInt8], key: [UInt8], number: Int)>(([], [], 0))

    package init() {}

    /// - Parameters:
    ///   - certificate: the chain, PEM.
    ///   - key: PEM.
    package func replace(certificate: [UInt8], key: [UInt8]) {
        state.withLock { $0 = (certificate, key, $0.number + 1) }
    }

    /// The newest; nil while there is none newer than `number`.
    func newer(than number: Int) -> (certificate: [UInt8], key: [UInt8], number: Int)? {
        state.withLock { $0.number > number ? $0 : nil }
    }
}
