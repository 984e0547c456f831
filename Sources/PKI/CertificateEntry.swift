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

    package init(name: String, path: String, certificate: PEMCertificate, signer: String?, user: String) {
        self.name = name
        self.path = path
        self.certificate = certificate
        self.signer = signer
        self.user = user
    }

    package var isAuthority: Bool { signer == nil }

    /// `O=system:masters, CN=kubernetes-admin`.
    package var subject: String {
        (certificate.organizations.map { "O=\($0)" } + ["CN=\(certificate.commonName)"]).joined(separator: ", ")
    }

    /// When it is time for a new one, in seconds since 1970.
    package var due: Int64 { certificate.notAfter - CertificateFiles.renewBefore }
}
