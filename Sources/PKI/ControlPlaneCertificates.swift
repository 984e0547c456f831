/// The certificates and kubeconfigs of one control plane, in upstream's layout, as they lie on its machine.
///
/// What is made anew says what the one before it has said: the names that were asked for at the beginning are known nowhere else.
package struct ControlPlaneCertificates: Sendable {
    /// Where the kubeconfigs are: `/etc/kubernetes`.
    package var folder: String
    /// Where the certificates are: `/etc/kubernetes/pki`.
    package var certificates: String
    /// The life of what is made anew.
    package var validity: Duration

    /// That of the kubelet is not among them: it looks after its own.
    package static let kubeconfigs = ["admin.conf", "super-admin.conf", "controller-manager.conf", "scheduler.conf"]
    package static let authorities: [PlannedAuthority] = [.cluster, .frontProxy, .etcd]
    /// Only names, authorities and usages count.
    package static let planned: [PlannedCertificate] =
        [.apiServer(.init(serviceAddresses: [])), .kubeletClient, .frontProxyClient] + PlannedCertificate.etcd(machine: "", address: "127.0.0.1")

    package init(folder: String, certificates: String, validity: Duration = CertificateSpec.oneYear) {
        self.folder = folder
        self.certificates = certificates
        self.validity = validity
    }

    /// All that there are; those of etcd only where there is one.
    ///
    /// - Throws: `PKIError` for a file that cannot be read.
    package func entries() throws(PKIError) -> [CertificateEntry] {
        var entries: [CertificateEntry] = []
        for planned in Self.planned {
            let path = "\(certificates)/\(planned.name)"
            guard let certificate = try certificate("\(path).crt") else { continue }
            let key = try SecretFile.read("\(path).key").map { pem throws(PKIError) in try KeyPair(pem: pem, what: "\(path).key") }
            entries.append(
                CertificateEntry(
                    name: planned.word, path: "\(path).crt", certificate: certificate, signer: planned.authority.word, user: "",
                    hasItsKey: key?.belongs(to: certificate) ?? true))
        }
        for file in Self.kubeconfigs {
            let path = "\(folder)/\(file)"
            try SecretFile.finishReplacing(contentOf: path)
            // One that names other files, or somebody who has a token, is not ours to renew.
            guard let found = try KubeconfigFile.read(path) else { continue }
            entries.append(
                CertificateEntry(
                    name: file, path: path, certificate: found.certificate, signer: PlannedAuthority.cluster.word, user: "",
                    hasItsKey: found.key.belongs(to: found.certificate)))
        }
        for authority in Self.authorities {
            let path = "\(certificates)/\(authority.name).crt"
            guard let certificate = try certificate(path) else { continue }
            entries.append(CertificateEntry(name: authority.word, path: path, certificate: certificate, signer: nil, user: ""))
        }
        for index in entries.indices {
            entries[index].isExternal = try isExternal(entries[index])
            // Of an authority people must know in time, however short the others' lives.
            guard let signer = entries.first(where: { $0.name == entries[index].signer }) else { continue }
            // With its authority everything ends: to know of that is enough.
            let lastsLongest = entries[index].certificate.notAfter >= signer.certificate.notAfter
            entries[index].renewBefore = lastsLongest ? 0 : CertificateFiles.renewBefore(validity)
        }
        return entries
    }

    /// Makes anew what needs it and can be.
    ///
    /// - Parameter now: seconds since 1970.
    /// - Returns: why, for those that could not be, by their names.
    /// - Throws: `PKIError` for a file that cannot be read.
    package func renewDue(now: Int64) throws(PKIError) -> [String: String] {
        var failures: [String: String] = [:]
        for entry in try entries() where !entry.isAuthority && entry.needsCare(now: now) {
            do {
                guard let authority = try authority(of: entry) else {
                    failures[entry.name] = "the key of its authority is not in \(certificates): who has it must renew it"
                    continue
                }
                // Somebody has put it there who has another authority.
                guard entry.certificate.isSigned(by: authority.certificate) else {
                    failures[entry.name] = "it was not signed by the authority in \(certificates): who has signed it must renew it"
                    continue
                }
                if entry.hasItsKey, entry.certificate.notAfter >= authority.certificate.notAfter {
                    failures[entry.name] = "its authority has ended, too"
                    continue
                }
                try renew(entry.name, now: now)
            } catch {
                failures[entry.name] = "\(error)"
            }
        }
        return failures
    }

    /// Makes one anew.
    ///
    /// - Parameters:
    ///   - name: as `kubeadm certs` calls it.
    ///   - now: seconds since 1970.
    ///   - changed: what becomes of each address in a certificate.
    /// - Returns: whether there is one.
    /// - Throws: `PKIError`; `missingKey` when the authority's key is elsewhere.
    @discardableResult
    package func renew(_ name: String, now: Int64, changed: (String) -> String = { $0 }) throws(PKIError) -> Bool {
        if let planned = Self.planned.first(where: { $0.word == name }) { return try renew(planned, now, changed) }
        return Self.kubeconfigs.contains(name) ? try renew(kubeconfig: "\(folder)/\(name)", now) : false
    }

    private func renew(_ planned: PlannedCertificate, _ now: Int64, _ changed: (String) -> String) throws(PKIError) -> Bool {
        let path = "\(certificates)/\(planned.name)"
        guard let old = try certificate("\(path).crt") else { return false }
        var spec = spec(of: old, usages: planned.spec.usages)
        spec.ipAddresses = spec.ipAddresses.map(changed)
        let (certificate, key) = try authorityWithKey(planned.authority, "\(path).crt").issue(spec, now: now)
        // The key first: a crash between the two leaves a pair that does not fit, which is noticed.
        try SecretFile.write(try key.pem(), to: "\(path).key")
        try SecretFile.write(try certificate.pem(), to: "\(path).crt", access: .everyone)
        return true
    }

    private func renew(kubeconfig path: String, _ now: Int64) throws(PKIError) -> Bool {
        guard let bytes = try SecretFile.read(path), let old = try KubeconfigFile.read(path) else { return false }
        let spec = spec(of: old.certificate, usages: [.clientAuth])
        let (certificate, key) = try authorityWithKey(.cluster, path).issue(spec, now: now)
        let text = KubeconfigFile.replacing(
            in: String(decoding: bytes, as: UTF8.self), certificatePEM: try certificate.pem(), keyPEM: try key.pem())
        // Components have these very files mounted, each only its own.
        try SecretFile.replaceContent(of: path, Array(text.utf8))
        return true
    }

    private func spec(of old: PEMCertificate, usages: [CertificateSpec.Usage]) -> CertificateSpec {
        CertificateSpec(
            commonName: old.commonName, organizations: old.organizations, dnsNames: old.dnsNames, ipAddresses: old.ipAddresses, usages: usages,
            validity: validity)
    }

    private func certificate(_ path: String) throws(PKIError) -> PEMCertificate? {
        guard let pem = try SecretFile.read(path) else { return nil }
        return try PEMCertificate(pem: pem, what: path)
    }

    private func isExternal(_ entry: CertificateEntry) throws(PKIError) -> Bool {
        guard let planned = Self.authorities.first(where: { $0.word == entry.signer ?? entry.name }) else { return false }
        return try SecretFile.read("\(certificates)/\(planned.name).key") == nil
    }

    /// Nil when it is elsewhere.
    private func authority(of entry: CertificateEntry) throws(PKIError) -> CertificateAuthority? {
        guard !entry.isExternal, let planned = Self.authorities.first(where: { $0.word == entry.signer }) else { return nil }
        return try planned.load(from: certificates)
    }

    private func authorityWithKey(_ planned: PlannedAuthority, _ path: String) throws(PKIError) -> CertificateAuthority {
        guard let authority = try planned.load(from: certificates) else {
            throw .missingKey(path: "\(certificates)/\(planned.name).key", needed: "\(path) must be made anew")
        }
        return authority
    }
}

extension PlannedAuthority {
    /// What kubeadm calls it: `etcd-ca`.
    package var word: String { String(name.map { $0 == "/" ? "-" : $0 }) }
}

extension PlannedCertificate {
    /// What kubeadm calls it: `etcd-server`.
    package var word: String { String(name.map { $0 == "/" ? "-" : $0 }) }
}
