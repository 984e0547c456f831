import NIOSSL
import Synchronization

/// The certificate of the node agent's server, which may be replaced while it runs.
package final class ServingCertificate: Sendable {
    private let configuration: KubeletConfiguration
    private let context: Mutex<NIOSSLContext>

    /// - Throws: when certificate, key or authority of the configuration cannot be used.
    init(_ configuration: KubeletConfiguration) throws {
        self.configuration = configuration
        context = Mutex(try NIOSSLContext(configuration: try KubeletServer.tls(configuration)))
    }

    var current: NIOSSLContext { context.withLock { $0 } }

    /// Takes another certificate with its key (both PEM) into use for connections that come from now on.
    ///
    /// - Throws: when they cannot be used; then the old one stays.
    package func replace(certificate: [UInt8], key: [UInt8]) throws {
        var configuration = configuration
        configuration.tlsCertificate = certificate
        configuration.tlsPrivateKey = key
        let new = try NIOSSLContext(configuration: try KubeletServer.tls(configuration))
        context.withLock { $0 = new }
    }
}
