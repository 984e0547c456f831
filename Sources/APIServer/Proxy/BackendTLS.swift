import NIOSSL
import Synchronization

/// The TLS settings for talking to kubelets and pods.
package final class BackendTLS: Sendable {
    private let authorityPEM: [UInt8]?
    private let kubelet: Mutex<NIOSSLContext>
    private let unverified: NIOSSLContext

    /// - Parameters: all PEM: the authority of kubelets' serving certificates (nil: they are not checked, as upstream without
    ///   `--kubelet-certificate-authority`), and our certificate and key towards kubelets.
    /// - Throws: when one of them cannot be read.
    package init(authorityPEM: [UInt8]?, certificatePEM: [UInt8], keyPEM: [UInt8]) throws {
        self.authorityPEM = authorityPEM
        kubelet = Mutex(try Self.context(authorityPEM, certificatePEM, keyPEM))
        var open = TLSConfiguration.makeClientConfiguration()
        open.certificateVerification = .none
        open.applicationProtocols = ["http/1.1"]
        unverified = try NIOSSLContext(configuration: open)
    }

    /// Shows another certificate to kubelets from now on.
    ///
    /// - Throws: when it cannot be read, or the key does not fit; then the old one stays.
    package func replace(certificatePEM: [UInt8], keyPEM: [UInt8]) throws {
        let context = try Self.context(authorityPEM, certificatePEM, keyPEM)
        kubelet.withLock { $0 = context }
    }

    private static func context(_ authorityPEM: [UInt8]?, _ certificatePEM: [UInt8], _ keyPEM: [UInt8]) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        if let authorityPEM {
            configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(authorityPEM))
        } else {
            configuration.certificateVerification = .none
        }
        configuration.certificateChain = try NIOSSLCertificate.fromPEMBytes(certificatePEM).map { .certificate($0) }
        configuration.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: keyPEM, format: .pem))
        configuration.applicationProtocols = ["http/1.1"]
        return try NIOSSLContext(configuration: configuration)
    }

    func handler(_ security: Backend.Security, host: String) throws -> NIOSSLClientHandler? {
        switch security {
        case .plain: nil
        case .kubelet: try NIOSSLClientHandler(context: kubelet.withLock { $0 }, serverHostname: Self.isAddress(host) ? nil : host)
        case .unverified: try NIOSSLClientHandler(context: unverified, serverHostname: nil)
        }
    }

    private static func isAddress(_ host: String) -> Bool {
        host.contains(":") || host.allSatisfy { $0.isNumber || $0 == "." }
    }
}
