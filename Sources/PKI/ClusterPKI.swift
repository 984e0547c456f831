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
        let authority = try ensureAuthority(directory + "/ca", commonName: "kubernetes", now: now)
        let frontProxyAuthority = try ensureAuthority(directory + "/front-proxy-ca", commonName: "front-proxy-ca", now: now)
        let domain = parameters.dnsDomain
        let serving = CertificateSpec.serving(
            "kube-apiserver",
            dnsNames: unique(
                ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.\(domain)", "localhost"] + parameters.names),
            ipAddresses: unique(parameters.serviceAddresses + ["127.0.0.1", "::1"] + parameters.addresses))
        let kubeletClient = CertificateSpec.client(user: "kube-apiserver-kubelet-client", groups: ["system:masters"])
        let frontProxyClient = CertificateSpec.client(user: "front-proxy-client")
        return ClusterPKI(
            directory: directory,
            authority: authority,
            frontProxyAuthority: frontProxyAuthority,
            apiServer: try files(directory + "/apiserver", serving, authority, now),
            kubeletClient: try files(directory + "/apiserver-kubelet-client", kubeletClient, authority, now),
            frontProxyClient: try files(directory + "/front-proxy-client", frontProxyClient, frontProxyAuthority, now),
            serviceAccountKey: try ensureServiceAccountKey(directory),
            authorityPEM: try authority.certificate.pem())
    }

    private static func files(
        _ path: String, _ spec: CertificateSpec, _ authority: CertificateAuthority, _ now: Int64
    ) throws(PKIError) -> CertificateFiles {
        try CertificateFiles.ensure(path, spec: spec, authority: authority, authorityCertificate: authority.certificate, now: now)
    }

    private static func ensureAuthority(_ path: String, commonName: String, now: Int64) throws(PKIError) -> CertificateAuthority {
        let certificatePEM = try SecretFile.read(path + ".crt")
        let keyPEM = try SecretFile.read(path + ".key")
        switch (certificatePEM, keyPEM) {
        case (let certificatePEM?, let keyPEM?):
            return try CertificateAuthority(
                certificate: try PEMCertificate(pem: certificatePEM, what: path + ".crt"), key: try KeyPair(pem: keyPEM, what: path + ".key"),
                path: path + ".crt")
        case (.some, nil):
            throw .missingKey(path: path + ".key", needed: "new certificates cannot be signed without it")
        case (nil, let keyPEM):
            // A key alone is what a crash between the two writes leaves.
            let key = try keyPEM.map { pem throws(PKIError) in try KeyPair(pem: pem, what: path + ".key") } ?? KeyPair.generate()
            let authority = try CertificateAuthority.create(commonName: commonName, now: now, key: key)
            if keyPEM == nil { try SecretFile.write(try key.pem(), to: path + ".key") }
            try SecretFile.write(try authority.certificate.pem(), to: path + ".crt", access: .everyone)
            return authority
        }
    }

    private static func ensureServiceAccountKey(_ directory: String) throws(PKIError) -> KeyPair {
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

    private static func unique(_ texts: [String]) -> [String] {
        var seen: Set<String> = []
        return texts.filter { seen.insert($0).inserted }
    }
}
