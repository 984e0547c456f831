import NIOHTTP1
import NIOSSL

/// Where a request is relayed to and in what form.
struct Backend: Sendable {
    enum Security: Sendable {
        case plain
        /// A kubelet: we show our client certificate and check its serving certificate against the cluster's authority.
        case kubelet
        /// TLS to a pod, whose certificate nobody can check.
        case unverified
    }

    var host: String
    var port: Int
    var security: Security
    /// Path and query, escaped.
    var uri: String

    /// The `Host` header.
    var authority: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// The TLS settings for talking to kubelets and pods. Made once.
package struct BackendTLS: Sendable {
    private let kubelet: NIOSSLContext
    private let unverified: NIOSSLContext

    /// - Parameters: all PEM: the authority of kubelets' serving certificates (nil: they are not checked, as upstream without
    ///   `--kubelet-certificate-authority`), and our certificate and key towards kubelets.
    /// - Throws: when one of them cannot be read.
    package init(authorityPEM: [UInt8]?, certificatePEM: [UInt8], keyPEM: [UInt8]) throws {
        var configuration = TLSConfiguration.makeClientConfiguration()
        if let authorityPEM {
            configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(authorityPEM))
        } else {
            configuration.certificateVerification = .none
        }
        configuration.certificateChain = try NIOSSLCertificate.fromPEMBytes(certificatePEM).map { .certificate($0) }
        configuration.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: keyPEM, format: .pem))
        configuration.applicationProtocols = ["http/1.1"]
        kubelet = try NIOSSLContext(configuration: configuration)
        var open = TLSConfiguration.makeClientConfiguration()
        open.certificateVerification = .none
        open.applicationProtocols = ["http/1.1"]
        unverified = try NIOSSLContext(configuration: open)
    }

    func handler(_ security: Backend.Security, host: String) throws -> NIOSSLClientHandler? {
        switch security {
        case .plain: nil
        case .kubelet: try NIOSSLClientHandler(context: kubelet, serverHostname: Self.isAddress(host) ? nil : host)
        case .unverified: try NIOSSLClientHandler(context: unverified, serverHostname: nil)
        }
    }

    private static func isAddress(_ host: String) -> Bool {
        host.contains(":") || host.allSatisfy { $0.isNumber || $0 == "." }
    }
}
