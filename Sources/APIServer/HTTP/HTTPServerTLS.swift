import KubernetesClient
import NIOSSL

/// The serving certificate and key of a TLS server, both PEM.
package struct HTTPServerTLS: Sendable, Equatable {
    /// Leaf first, then what leads to the authority.
    package var certificateChain: [UInt8]
    package var privateKey: [UInt8]
    /// Refuse TLS 1.2.
    package var requiresTLS13 = false

    package init(certificateChain: [UInt8], privateKey: [UInt8]) {
        self.certificateChain = certificateChain
        self.privateKey = privateKey
    }

    /// - Throws: `NIOSSLError` when the PEM cannot be read or the key does not fit.
    func makeContext() throws -> NIOSSLContext {
        let chain = try NIOSSLCertificate.fromPEMBytes(certificateChain)
        let key = try NIOSSLPrivateKey(bytes: privateKey, format: .pem)
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = requiresTLS13 ? .tlsv13 : .tlsv12
        configuration.cipherSuites = TLSConfiguration.safeCipherSuites
        configuration.applicationProtocols = ["h2", "http/1.1"]
        // Clients are asked for a certificate and may have none. Whether one counts is judged after the handshake (`CertificateIdentity`), so
        // that a bad one is answered with 401 as upstream does and not with a broken handshake.
        configuration.certificateVerification = .optionalVerification
        configuration.trustRoots = .certificates([])
        return try NIOSSLContext(configuration: configuration)
    }
}
