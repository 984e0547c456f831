import Flags
import Glibc
import Linux
import PKI

extension Phase {
    static let certificates = Phase(
        name: "certs", summary: "Certificate generation",
        parts: [
            "all", "ca", "apiserver", "apiserver-kubelet-client", "front-proxy-ca", "front-proxy-client", "etcd-ca", "etcd-server", "etcd-peer",
            "etcd-healthcheck-client", "apiserver-etcd-client", "sa",
        ]
    ) { settings, part in
        let folder = settings.certificates
        let now = Int64(time(nil))
        Say.line("[certs] Using certificateDir folder \"\(folder)\"")
        func isWanted(_ name: String) -> Bool { part == nil || part == "all" || part == name }
        for authority in settings.authorities {
            let isThere = Files.exists("\(folder)/\(authority.name).crt")
            if isWanted(authority.word) {
                _ = try authority.ensure(in: folder, now: now, validity: settings.authorityValidity)
                Say.line(
                    isThere
                        ? "[certs] Using existing \(authority.word) certificate authority"
                        : "[certs] Generating \"\(authority.word)\" certificate and key")
            }
            for certificate in settings.plannedCertificates where certificate.authority.name == authority.name && isWanted(certificate.word) {
                guard let signer = try authority.load(from: folder) else {
                    throw KubeadmError("\(folder)/\(authority.name).crt: there is no such file: kubeadm init phase certs \(authority.word) makes it")
                }
                let files = try certificate.ensure(in: folder, signer, now: now)
                guard files.renewal != nil else {
                    Say.line("[certs] Using existing \(certificate.word) certificate and key on disk")
                    continue
                }
                Say.line("[certs] Generating \"\(certificate.word)\" certificate and key")
                if certificate.spec.usages.contains(.serverAuth) {
                    Say.line(
                        "[certs] \(certificate.word) serving cert is signed for DNS names [\(files.certificate.dnsNames.joined(separator: " "))]"
                            + " and IPs [\(files.certificate.ipAddresses.joined(separator: " "))]")
                }
            }
        }
        if isWanted("sa") {
            let isThere = Files.exists("\(folder)/sa.key")
            _ = try ClusterPKI.ensureServiceAccountKey(folder)
            Say.line(isThere ? "[certs] Using the existing \"sa\" key" : "[certs] Generating \"sa\" key and public key")
        }
    }
}

extension InitSettings {
    /// Whose certificates a control plane has.
    var authorities: [PlannedAuthority] { [.cluster, .frontProxy] + (store.local == nil ? [] : [.etcd]) }

    /// The certificates of this control plane.
    var plannedCertificates: [PlannedCertificate] {
        var certificates = [PlannedCertificate.apiServer(certificateNames), .kubeletClient, .frontProxyClient]
        if let etcd = store.local {
            certificates += PlannedCertificate.etcd(
                machine: nodeName, address: advertiseAddress, serverNames: CertificateNames(etcd.serverNames),
                peerNames: CertificateNames(etcd.peerNames))
        }
        for index in certificates.indices { certificates[index].spec.validity = certificateValidity }
        return certificates
    }

    /// Those of this machine, as they are.
    var installedCertificates: ControlPlaneCertificates {
        ControlPlaneCertificates(folder: folder, certificates: certificates, validity: certificateValidity)
    }

    /// What the API server's certificate must name.
    var certificateNames: ClusterPKI.Parameters {
        var endpoint = controlPlaneEndpoint
        if let colon = endpoint.lastIndex(of: ":"), !IPLiteral.isIPv6(endpoint) { endpoint = String(endpoint[..<colon]) }
        let further = CertificateNames(extraNames + [endpoint])
        return ClusterPKI.Parameters(
            serviceAddresses: [firstServiceAddress].compactMap { $0 }, dnsDomain: dnsDomain, names: [nodeName] + further.names,
            addresses: [advertiseAddress] + further.addresses)
    }
}
