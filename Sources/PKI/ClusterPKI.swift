/// All certificates and keys of a control plane, in upstream's layout:
/// `{ca,apiserver,apiserver-kubelet-client,front-proxy-ca,front-proxy-client}.{crt,key}` and `sa.{key,pub}`.
package struct ClusterPKI: Sendable {
    package struct Parameters: Sendable {
        /// The addresses of the service `kubernetes.default`.
        package var serviceAddresses: [String]
        package var dnsDomain: String
        /// Further names and addresses under which clients reach the API server.
        package var names: [String]
        package var addresses: [String]

        package init(serviceAddresses: [String], dnsDomain: String = "cluster.local", names: [String] = [], addresses: [String] = []) {
            self.serviceAddresses = serviceAddresses
            self.dnsDomain = dnsDomain
            self.names = names
            self.addresses = addresses
        }
    }

    package let directory: String
    /// The cluster's authority: signs the API server, kubelets and all users.
    package let authority: CertificateAuthority
    package let frontProxyAuthority: CertificateAuthority
    package let apiServer: CertificateFiles
    package let kubeletClient: CertificateFiles
    package let frontProxyClient: CertificateFiles
    /// Signs the tokens of service accounts.
    package let serviceAccountKey: KeyPair
    package let authorityPEM: [UInt8]

    /// Makes what is missing in `directory` and renews what is close to its end. `now` is in seconds since 1970.
    ///
    /// - Throws: `PKIError`. Nothing that cannot be read is overwritten.
    package static func ensure(directory: String, parameters: Parameters, now: Int64) throws(PKIError) -> ClusterPKI {
        let authority = try PlannedAuthority.cluster.ensure(in: directory, now: now)
        let frontProxyAuthority = try PlannedAuthority.frontProxy.ensure(in: directory, now: now)
        return ClusterPKI(
            directory: directory,
            authority: authority,
            frontProxyAuthority: frontProxyAuthority,
            apiServer: try PlannedCertificate.apiServer(parameters).ensure(in: directory, authority, now: now),
            kubeletClient: try PlannedCertificate.kubeletClient.ensure(in: directory, authority, now: now),
            frontProxyClient: try PlannedCertificate.frontProxyClient.ensure(in: directory, frontProxyAuthority, now: now),
            serviceAccountKey: try ensureServiceAccountKey(directory),
            authorityPEM: try authority.certificate.pem())
    }

    /// Makes what is missing of the key by which tokens of service accounts are signed.
    package static func ensureServiceAccountKey(_ directory: String) throws(PKIError) -> KeyPair {
        let path = directory + "/sa.key"
        let key: KeyPair
        if let pem = try SecretFile.read(path) {
            key = try KeyPair(pem: pem, what: path)
        } else {
            key = KeyPair.generate()
            try SecretFile.write(try key.pem(), to: path)
        }
        if try SecretFile.read(directory + "/sa.pub") == nil {
            try SecretFile.write(try key.publicKeyPEM(), to: directory + "/sa.pub", access: .everyone)
        }
        return key
    }
}
