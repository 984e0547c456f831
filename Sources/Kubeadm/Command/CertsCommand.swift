import Flags
import Glibc
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
        var entries: [CertificateEntry] = []
        func add(_ name: String, _ path: String, _ certificate: PEMCertificate?, _ signer: String?) {
            if let certificate { entries.append(CertificateEntry(name: name, path: path, certificate: certificate, signer: signer, user: "")) }
        }
        for name in files {
            let path = "\(settings.certificates)/\(name).crt"
            add(name, path, try load(path), Renewal.authority(of: name))
        }
        for file in Kubeconfigs.all(settings).map(\.file) {
            let path = "\(settings.folder)/\(file)"
            add(file, path, try KubeconfigFile.clientCertificate(path), "ca")
        }
        entries.sort { $0.name < $1.name }
        for name in ["ca", "front-proxy-ca"] {
            let path = "\(settings.certificates)/\(name).crt"
            add(name, path, try load(path), nil)
        }
        for line in CertificateTable.lines(entries, now: Int64(time(nil))) { Say.line(line) }
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
    static func authority(of name: String) -> String { name == "front-proxy-client" ? "front-proxy-ca" : "ca" }

    static func renew(_ file: String, isKubeconfig: Bool, _ settings: InitSettings) throws {
        let now = Int64(time(nil))
        let authorityName = authority(of: file)
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
