import Flags
import Glibc
import KubernetesAPI
import Linux
import PKI

/// `kubeadm certs check-expiration|renew`.
enum CertsCommand: KubeadmCommand {
    static let name = "certs  "
    static let summary = "Look after certificates"

    private static let files = ["apiserver", "apiserver-kubelet-client", "front-proxy-client"]

    static func run(_ arguments: [String]) async throws {
        let verb = arguments.first ?? "--help"
        var rest = Array(arguments.dropFirst())
        var name: String?
        if let first = rest.first, !first.hasPrefix("-") {
            name = first
            rest.removeFirst()
        }
        let flags = try InitSettings.read(InitFlags.table, verb.hasPrefix("-") ? arguments : rest)
        if flags.wantsHelp {
            return Say.line("kubeadm certs check-expiration\nkubeadm certs renew all|\((files + ["admin.conf"]).joined(separator: "|"))|...\n")
        }
        let settings = try InitSettings(flags)
        switch verb {
        case "check-expiration": try check(settings)
        case "renew": try renew(name ?? "", settings)
        default: throw FlagProblem("kubeadm certs has no \"\(verb)\": check-expiration, renew")
        }
    }

    private static func check(_ settings: InitSettings) throws {
        let now = Int64(time(nil))
        var rows = [["CERTIFICATE", "EXPIRES", "RESIDUAL TIME", "CERTIFICATE AUTHORITY"]]
        for name in files {
            guard let certificate = try load("\(settings.certificates)/\(name).crt") else { continue }
            rows.append(row(name, certificate, now) + [name == "front-proxy-client" ? "front-proxy-ca" : "ca"])
        }
        for file in Kubeconfigs.all(settings).map(\.file) {
            guard let certificate = try KubeconfigFile.clientCertificate("\(settings.folder)/\(file)") else { continue }
            rows.append(row(file, certificate, now) + ["ca"])
        }
        for line in Columns.text(rows.sorted { $0[0] == "CERTIFICATE" || ($1[0] != "CERTIFICATE" && $0[0] < $1[0]) }) { Say.line(line) }
        Say.line("")
        var authorities = [["CERTIFICATE AUTHORITY", "EXPIRES", "RESIDUAL TIME"]]
        for name in ["ca", "front-proxy-ca"] {
            if let certificate = try load("\(settings.certificates)/\(name).crt") { authorities.append(row(name, certificate, now)) }
        }
        for line in Columns.text(authorities) { Say.line(line) }
    }

    private static func row(_ name: String, _ certificate: PEMCertificate, _ now: Int64) -> [String] {
        let left = certificate.notAfter - now
        let words = left < 0 ? "<invalid>" : left > 365 * 86400 ? "\(left / (365 * 86400))y" : left > 86400 ? "\(left / 86400)d" : "\(left / 3600)h"
        return [name, "\(Time(seconds: certificate.notAfter))", words]
    }

    private static func load(_ path: String) throws -> PEMCertificate? {
        try SecretFile.read(path).map { try PEMCertificate(pem: $0, what: path) }
    }

    /// Takes the old ones away and runs the phases that make them; servers take new serving certificates into use by themselves.
    private static func renew(_ name: String, _ settings: InitSettings) throws {
        let kubeconfigs = Kubeconfigs.all(settings).filter { $0.file != "kubelet.conf" }.map(\.file)
        let known = files + kubeconfigs
        guard name == "all" || known.contains(name) else {
            throw FlagProblem("kubeadm certs renew: there is no \"\(name)\": all, \(known.joined(separator: ", "))")
        }
        for file in known where name == "all" || name == file {
            let isKubeconfig = kubeconfigs.contains(file)
            let path = isKubeconfig ? "\(settings.folder)/\(file)" : "\(settings.certificates)/\(file).crt"
            guard Files.exists(path) else { continue }
            try Renewal.renew(file, isKubeconfig: isKubeconfig, settings)
            Say.line("certificate \(isKubeconfig ? "embedded in the kubeconfig file \(file)" : "for \(file)") renewed")
        }
        Say.line(
            "\nDone renewing certificates. The control plane takes a new serving certificate into use within seconds; restart it for the others.")
    }
}

/// Makes one certificate anew.
enum Renewal {
    static func renew(_ file: String, isKubeconfig: Bool, _ settings: InitSettings) throws {
        let now = Int64(time(nil))
        let authorityName = file == "front-proxy-client" ? "front-proxy-ca" : "ca"
        guard let found = try CertificateFiles.load("\(settings.certificates)/\(authorityName)") else {
            throw KubeadmError("\(settings.certificates)/\(authorityName).key is not on this machine: renew where it is")
        }
        let authority = try CertificateAuthority(certificate: found.certificate, key: try KeyPair(pem: found.keyPEM))
        if isKubeconfig, let kubeconfig = Kubeconfigs.all(settings).first(where: { $0.file == file }) {
            let (certificate, key) = try authority.issue(kubeconfig.spec, now: now)
            let text = KubeconfigFile(
                server: kubeconfig.server, authorityPEM: try authority.certificate.pem(), user: kubeconfig.spec.commonName,
                certificatePEM: try certificate.pem(), keyPEM: try key.pem()
            ).text
            return try SecretFile.write(Array(text.utf8), to: "\(settings.folder)/\(file)")
        }
        let path = "\(settings.certificates)/\(file)"
        guard let old = try CertificateFiles.load(path)?.certificate else { throw KubeadmError("\(path).crt: there is no such file") }
        // The same names as before: flags that were given at the beginning are not known any more.
        let spec = CertificateSpec(
            commonName: old.commonName, organizations: old.organizations, dnsNames: old.dnsNames, ipAddresses: old.ipAddresses,
            usages: file == "apiserver" ? [.serverAuth] : [.clientAuth])
        let (certificate, key) = try authority.issue(spec, now: now)
        try SecretFile.write(try key.pem(), to: "\(path).key")
        try SecretFile.write(try certificate.pem(), to: "\(path).crt", access: .everyone)
    }
}
