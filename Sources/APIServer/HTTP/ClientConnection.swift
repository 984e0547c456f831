/// What the server knows about the connection a request came on. One object for all requests of a connection.
package final class ClientConnection: Sendable {
    /// The peer's address without the port.
    package let remoteAddress: String
    package let certificate: CertificateIdentity

    package init(remoteAddress: String, certificate: CertificateIdentity) {
        self.remoteAddress = remoteAddress
        self.certificate = certificate
    }
}

/// What the client certificate of a connection says. Found once, when the connection is made.
package indirect enum CertificateIdentity: Sendable {
    /// The client showed none.
    case absent
    /// One that our authority signed. Counts until `notAfter` (seconds since 1970).
    case verified(UserInfo, notAfter: Int64)
    /// One that does not count, with the reason for the log.
    case rejected(reason: String)
    /// One of a front proxy, which may say in headers whom it speaks for. Counts as that until `notAfter`; where the headers say nothing, the
    /// certificate is what it is as a client's own.
    case frontProxy(notAfter: Int64, otherwise: CertificateIdentity)
}
