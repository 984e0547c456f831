/// One certificate of a cluster as people look at it.
package struct CertificateEntry: Sendable {
    /// As `kubeadm certs` calls it: `apiserver`, `admin.conf`.
    package var name: String
    package var path: String
    package var certificate: PEMCertificate
    /// The name of the authority that signed it; nil for an authority of our own, which nobody has signed.
    package var signer: String?
    /// Who shows it, to whom.
    package var user: String
    /// Whether the key beside it is its own; a crash between two writes can leave another.
    package var hasItsKey: Bool
    /// Whether its authority's key is not on this machine, so that somebody else must renew it.
    package var isExternal = false
    /// How much must be left of its life.
    package var renewBefore = CertificateFiles.renewBefore

    package init(name: String, path: String, certificate: PEMCertificate, signer: String?, user: String, hasItsKey: Bool = true) {
        self.name = name
        self.path = path
        self.certificate = certificate
        self.signer = signer
        self.user = user
        self.hasItsKey = hasItsKey
    }

    package var isAuthority: Bool { signer == nil }

    /// `O=system:masters, CN=kubernetes-admin`.
    package var subject: String {
        (certificate.organizations.map { "O=\($0)" } + ["CN=\(certificate.commonName)"]).joined(separator: ", ")
    }

    /// When it is time for a new one, in seconds since 1970.
    package var due: Int64 { certificate.notAfter - renewBefore }

    /// Whether something must be done about it.
    package func needsCare(now: Int64) -> Bool { due <= now || certificate.notBefore > now || !hasItsKey }
}
