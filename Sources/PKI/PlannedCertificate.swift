/// An authority of a control plane, in upstream's layout.
package struct PlannedAuthority: Sendable {
    /// The path below the folder of certificates, without `.crt` and `.key`.
    package let name: String
    package let commonName: String

    /// Signs the API server, kubelets and all users.
    package static let cluster = PlannedAuthority(name: "ca", commonName: "kubernetes")
    /// Signs who speaks for others to aggregated API servers.
    package static let frontProxy = PlannedAuthority(name: "front-proxy-ca", commonName: "front-proxy-ca")
    /// Signs the members of etcd and who may ask them.
    package static let etcd = PlannedAuthority(name: "etcd/ca", commonName: "etcd-ca")

    /// What is in the folder; made when it is missing.
    ///
    /// - Throws: `PKIError`; `missingKey` where there is the certificate alone.
    package func ensure(
        in folder: String, now: Int64, validity: Duration = CertificateSpec.tenYears
    ) throws(PKIError) -> CertificateAuthority {
        let path = "\(folder)/\(name)"
        if let found = try load(from: folder) { return found }
        let keyPEM = try SecretFile.read(path + ".key")
        // A key alone is what a crash between the two writes leaves.
        let key = try keyPEM.map { pem throws(PKIError) in try KeyPair(pem: pem, what: path + ".key") } ?? KeyPair.generate()
        let authority = try CertificateAuthority.create(commonName: commonName, now: now, validity: validity, key: key)
        if keyPEM == nil { try SecretFile.write(try key.pem(), to: path + ".key") }
        try SecretFile.write(try authority.certificate.pem(), to: path + ".crt", access: .everyone)
        return authority
    }

    /// What is in the folder; nil where there is no certificate.
    ///
    /// - Throws: `PKIError`; `missingKey` where there is the certificate alone.
    package func load(from folder: String) throws(PKIError) -> CertificateAuthority? {
        let path = "\(folder)/\(name)"
        guard let certificatePEM = try SecretFile.read(path + ".crt") else { return nil }
        guard let keyPEM = try SecretFile.read(path + ".key") else {
            throw .missingKey(path: path + ".key", needed: "new certificates cannot be signed without it")
        }
        return try CertificateAuthority(
            certificate: try PEMCertificate(pem: certificatePEM, what: path + ".crt"), key: try KeyPair(pem: keyPEM, what: path + ".key"),
            path: path + ".crt")
    }
}

/// A certificate of a control plane, in upstream's layout: where it lies, who signs it and what it says.
package struct PlannedCertificate: Sendable {
    /// The path below the folder of certificates, without `.crt` and `.key`.
    package let name: String
    package let authority: PlannedAuthority
    package var spec: CertificateSpec

    package static func apiServer(_ parameters: ClusterPKI.Parameters) -> PlannedCertificate {
        let domain = parameters.dnsDomain
        return PlannedCertificate(
            name: "apiserver", authority: .cluster,
            spec: .serving(
                "kube-apiserver",
                dnsNames: unique(
                    ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.\(domain)", "localhost"]
                        + parameters.names),
                ipAddresses: unique(parameters.serviceAddresses + ["127.0.0.1", "::1"] + parameters.addresses)))
    }

    package static let kubeletClient = PlannedCertificate(
        name: "apiserver-kubelet-client", authority: .cluster, spec: .client(user: "kube-apiserver-kubelet-client", groups: ["system:masters"]))
    package static let frontProxyClient = PlannedCertificate(
        name: "front-proxy-client", authority: .frontProxy, spec: .client(user: "front-proxy-client"))

    /// Those of the member of etcd on one machine, and of who asks it.
    ///
    /// - Parameters:
    ///   - machine, address: the name and address of the machine.
    ///   - serverNames, peerNames: further names and addresses for the two that others see.
    package static func etcd(
        machine: String, address: String, serverNames: CertificateNames = .init(), peerNames: CertificateNames = .init()
    ) -> [PlannedCertificate] {
        func member(_ name: String, _ further: CertificateNames) -> PlannedCertificate {
            PlannedCertificate(
                name: name, authority: .etcd,
                // Members are clients of each other, and of themselves.
                spec: CertificateSpec(
                    commonName: machine, dnsNames: unique([machine, "localhost"] + further.names),
                    ipAddresses: unique([address, "127.0.0.1", "::1"] + further.addresses), usages: [.serverAuth, .clientAuth]))
        }
        return [
            member("etcd/server", serverNames), member("etcd/peer", peerNames),
            PlannedCertificate(name: "etcd/healthcheck-client", authority: .etcd, spec: .client(user: "kube-etcd-healthcheck-client")),
            PlannedCertificate(name: "apiserver-etcd-client", authority: .etcd, spec: .client(user: "kube-apiserver-etcd-client")),
        ]
    }

    /// What is in the folder while it is good; else made anew.
    ///
    /// - Throws: `PKIError`.
    package func ensure(in folder: String, _ authority: CertificateAuthority, now: Int64) throws(PKIError) -> CertificateFiles {
        try CertificateFiles.ensure(
            "\(folder)/\(name)", spec: spec, authority: authority, authorityCertificate: authority.certificate, now: now)
    }

    private static func unique(_ texts: [String]) -> [String] {
        var seen: Set<String> = []
        return texts.filter { seen.insert($0).inserted }
    }
}

/// Names and addresses, told apart.
package struct CertificateNames: Sendable {
    package var names: [String]
    package var addresses: [String]

    /// - Parameter texts: names and addresses; empty ones are left out.
    package init(_ texts: [String] = []) {
        addresses = texts.filter { IPText.bytes($0) != nil }
        names = texts.filter { !$0.isEmpty && IPText.bytes($0) == nil }
    }
}
