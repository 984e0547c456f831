import Logging
import NIOSSL
import Synchronization

/// The TLS of the node agent's server: with the newest certificate that can be used.
final class ServingContext: Sendable {
    private let configuration: KubeletConfiguration
    private let logger: Logger
    private let state: Mutex<(context: NIOSSLContext, number: Int)>

    /// - Throws: when the configuration's own certificate cannot be used.
    init(_ configuration: KubeletConfiguration, _ logger: Logger) throws {
        self.configuration = configuration
        self.logger = logger
        state = Mutex((try NIOSSLContext(configuration: try KubeletServer.tls(configuration)), 0))
    }

    /// For a new connection.
    var current: NIOSSLContext {
        state.withLock { state in
            guard let renewed = configuration.renewedCertificate?.newer(than: state.number) else { return state.context }
            state.number = renewed.number
            var changed = configuration
            changed.tlsCertificate = renewed.certificate
            changed.tlsPrivateKey = renewed.key
            do {
                state.context = try NIOSSLContext(configuration: try KubeletServer.tls(changed))
            } catch {
                logger.error("a new serving certificate cannot be used; the old one stays", metadata: ["error": "\(error)"])
            }
            return state.context
        }
    }
}
