import Flags
import Glibc
import Linux
import PKI

extension Phase {
    static let certificates = Phase(
        name: "certs", summary: "Certificate generation",
        parts: ["all", "ca", "apiserver", "apiserver-kubelet-client", "front-proxy-ca", "front-proxy-client", "sa"]
    ) { settings, _ in
        Say.line("[certs] Using certificateDir folder \"\(settings.certificates)\"")
        let before = Set(try Files.list(settings.certificates))
        let pki = try ClusterPKI.ensure(directory: settings.certificates, parameters: settings.certificateNames, now: Int64(time(nil)))
        for name in ["ca", "front-proxy-ca"] {
            Say.line(
                before.contains("\(name).crt")
                    ? "[certs] Using existing \(name) certificate authority" : "[certs] Generating \"\(name)\" certificate and key")
        }
        for (name, files) in [
            ("apiserver", pki.apiServer), ("apiserver-kubelet-client", pki.kubeletClient), ("front-proxy-client", pki.frontProxyClient),
        ] {
            guard files.renewal != nil else {
                Say.line("[certs] Using existing \(name) certificate and key on disk")
                continue
            }
            Say.line("[certs] Generating \"\(name)\" certificate and key")
            if name == "apiserver" {
                let certificate = files.certificate
                Say.line(
                    "[certs] apiserver serving cert is signed for DNS names [\(certificate.dnsNames.joined(separator: " "))]"
                        + " and IPs [\(certificate.ipAddresses.joined(separator: " "))]")
            }
        }
        Say.line(before.contains("sa.key") ? "[certs] Using the existing \"sa\" key" : "[certs] Generating \"sa\" key and public key")
    }
}

extension InitSettings {
    /// What the API server's certificate must name.
    var certificateNames: ClusterPKI.Parameters {
        var names = [nodeName]
        var addresses = [advertiseAddress]
        var endpoint = controlPlaneEndpoint
        if let colon = endpoint.lastIndex(of: ":"), !IPLiteral.isIPv6(endpoint) { endpoint = String(endpoint[..<colon]) }
        for name in extraNames + [endpoint] where !name.isEmpty {
            if IPLiteral.isValid(name) { addresses.append(name) } else { names.append(name) }
        }
        return ClusterPKI.Parameters(
            serviceAddresses: [firstServiceAddress].compactMap { $0 }, dnsDomain: dnsDomain, names: names, addresses: addresses)
    }
}
