package import PKI

/// What an API server is made with. Names are those of upstream's flags where there is one.
package struct APIServerConfiguration: Sendable {
    /// `--bind-address`
    package var bindAddress = "0.0.0.0"
    /// `--secure-port`
    package var securePort = 6443
    /// `--advertise-address`: where the members of the cluster reach this server.
    package var advertiseAddress: String
    /// `--tls-cert-file`, `--tls-private-key-file`
    package var servingCertificate: CertificateFiles
    /// `--client-ca-file`
    package var clientAuthorities: [PEMCertificate]
    /// `--kubelet-client-certificate`, `--kubelet-client-key`
    package var kubeletClientCertificate: CertificateFiles
    /// `--kubelet-certificate-authority`
    package var kubeletAuthorityPEM: [UInt8]
    /// Signs and verifies service account tokens: `--service-account-signing-key-file` and its relatives.
    package var serviceAccountTokens: ServiceAccountTokens
    /// `--service-cluster-ip-range`
    package var serviceClusterIPRange: String

    package init(
        advertiseAddress: String, servingCertificate: CertificateFiles, clientAuthorities: [PEMCertificate],
        kubeletClientCertificate: CertificateFiles, kubeletAuthorityPEM: [UInt8], serviceAccountTokens: ServiceAccountTokens,
        serviceClusterIPRange: String
    ) {
        self.advertiseAddress = advertiseAddress
        self.servingCertificate = servingCertificate
        self.clientAuthorities = clientAuthorities
        self.kubeletClientCertificate = kubeletClientCertificate
        self.kubeletAuthorityPEM = kubeletAuthorityPEM
        self.serviceAccountTokens = serviceAccountTokens
        self.serviceClusterIPRange = serviceClusterIPRange
    }
}
