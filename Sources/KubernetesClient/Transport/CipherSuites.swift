package import NIOSSL

extension TLSConfiguration {
    /// The suites of TLS 1.2 that our servers offer: a fresh key for each connection, and encryption that notices a change. All of TLS 1.3's are so.
    package static let safeCipherSuites = "ECDHE+AESGCM:ECDHE+CHACHA20"
}
