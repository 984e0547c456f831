import NIOSSL
import Synchronization

/// The certificate of the node agent's server and the authorities of its clients, which may be replaced while it runs.
package final class ServingCertificate: Sendable {
    private struct State {
        var configuration: KubeletConfiguration
        var context: NIOSSLContext
    }

    private let state: Mutex<State>

    /// - Throws: when certificate, key or authority of the configuration cannot be used.
    init(_ configuration: KubeletConfiguration) throws {
        state = Mutex(State(configuration: configuration, context: try NIOSSLContext(configuration: try KubeletServer.tls(configuration))))
    }

    var current: NIOSSLContext { state.withLock { $0.context } }

    /// Takes another certificate with its key (both PEM) into use for connections that come from now on.
    ///
    /// - Throws: when they cannot be used; then the old one stays.
    package func replace(certificate: [UInt8], key: [UInt8]) throws {
        try replace {
            $0.tlsCertificate = certificate
            $0.tlsPrivateKey = key
        }
    }

    /// Believes clients with certificates of other authorities (PEM) from now on.
    ///
    /// - Throws: when there is none among them that can be used; then the old ones stay.
    package func replace(clientAuthorities: [UInt8]) throws {
        guard try !NIOSSLCertificate.fromPEMBytes(clientAuthorities).isEmpty else {
            throw KubeletError("the file of clients' authorities holds no certificate")
        }
        try replace { $0.clientCA = clientAuthorities }
    }

    private func replace(_ change: (inout KubeletConfiguration) -> Void) throws {
        try state.withLock { state in
            var configuration = state.configuration
            change(&configuration)
            let context = try NIOSSLContext(configuration: try KubeletServer.tls(configuration))
            state = State(configuration: configuration, context: context)
        }
    }
}
