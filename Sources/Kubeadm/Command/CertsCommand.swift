import Flags
import Glibc
import KubernetesClient
import Linux
import PKI

/// `kubeadm certs check-expiration|renew|certificate-key`.
enum CertsCommand: KubeadmCommand {
    static let name = "certs"
    static let summary = "Look after certificates"

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
            return Say.line(
                "kubeadm certs check-expiration\nkubeadm certs renew all|apiserver|admin.conf|...\n"
                    + "kubeadm certs certificate-key   prints a key for --certificate-key\n")
        }
        if verb == "certificate-key" { return Say.line(CertificateKey.random().text) }
        let settings = try InitSettings.ofThisMachine(rest)
        switch verb {
        case "check-expiration": try check(settings)
        case "renew": try renew(name ?? "", settings)
        default: throw FlagProblem("kubeadm certs has no \"\(verb)\": check-expiration, renew, certificate-key")
        }
    }

    private static func check(_ settings: InitSettings) throws {
        var entries: [CertificateEntry] = []
        func add(_ name: String, _ path: String, _ certificate: PEMCertificate?, _ signer: String?) {
            if let certificate { entries.append(CertificateEntry(name: name, path: path, certificate: certificate, signer: signer, user: "")) }
        }
        for planned in settings.plannedCertificates {
            let path = "\(settings.certificates)/\(planned.name).crt"
            add(planned.word, path, try load(path), planned.authority.word)
        }
        for file in Kubeconfigs.all(settings).map(\.file) {
            let path = "\(settings.folder)/\(file)"
            add(file, path, try KubeconfigFile.clientCertificate(path), "ca")
        }
        entries.sort { $0.name < $1.name }
        for authority in settings.authorities {
            let path = "\(settings.certificates)/\(authority.name).crt"
            add(authority.word, path, try load(path), nil)
        }
        for line in CertificateTable.lines(entries, now: Int64(time(nil))) { Say.line(line) }
    }

    private static func load(_ path: String) throws -> PEMCertificate? {
        try SecretFile.read(path).map { try PEMCertificate(pem: $0, what: path) }
    }

    /// Makes them anew; servers take new serving certificates into use by themselves.
    private static func renew(_ name: String, _ settings: InitSettings) throws {
        let kubeconfigs = Kubeconfigs.all(settings).filter { $0.file != "kubelet.conf" }
        let certificates = settings.plannedCertificates
        let known = certificates.map(\.word) + kubeconfigs.map(\.file)
        guard name == "all" || known.contains(name) else {
            throw FlagProblem("kubeadm certs renew: there is no \"\(name)\": all, \(known.joined(separator: ", "))")
        }
        for certificate in certificates where name == "all" || name == certificate.word {
            guard Files.exists("\(settings.certificates)/\(certificate.name).crt") else { continue }
            try Renewal.renew(certificate, in: settings.certificates)
            Say.line("certificate for \(certificate.word) renewed")
        }
        for kubeconfig in kubeconfigs where name == "all" || name == kubeconfig.file {
            guard Files.exists("\(settings.folder)/\(kubeconfig.file)") else { continue }
            try Renewal.renew(kubeconfig, settings)
            Say.line("certificate embedded in the kubeconfig file \(kubeconfig.file) renewed")
        }
        Say.line(
            "\nDone renewing certificates. The control plane takes a new serving certificate into use within seconds; restart it for the others.")
    }
}

/// Makes one certificate anew.
enum Renewal {
    private static func authority(_ planned: PlannedAuthority, _ folder: String) throws -> CertificateAuthority {
        guard let authority = try planned.load(from: folder) else {
            throw KubeadmError("\(folder)/\(planned.name).crt is not on this machine: renew where it is")
        }
        return authority
    }

    static func renew(_ kubeconfig: Kubeconfigs, _ settings: InitSettings) throws {
        let path = "\(settings.folder)/\(kubeconfig.file)"
        var kubeconfig = kubeconfig
        // The server is where it was: what the machine itself does not tell must not be lost.
        kubeconfig.server = try Kubeconfig.load(path: path).connection().server
        let text = try kubeconfig.text(try authority(.cluster, settings.certificates), now: Int64(time(nil)))
        try SecretFile.write(Array(text.utf8), to: path)
    }

    /// - Parameter changed: what becomes of each name and address.
    static func renew(_ planned: PlannedCertificate, in folder: String, changed: (String) -> String = { $0 }) throws {
        let path = "\(folder)/\(planned.name)"
        guard let old = try CertificateFiles.load(path)?.certificate else { throw KubeadmError("\(path).crt: there is no such file") }
        // The same names as before: flags that were given at the beginning are not known any more.
        let spec = CertificateSpec(
            commonName: old.commonName, organizations: old.organizations, dnsNames: old.dnsNames, ipAddresses: old.ipAddresses.map(changed),
            usages: planned.spec.usages)
        let (certificate, key) = try authority(planned.authority, folder).issue(spec, now: Int64(time(nil)))
        try SecretFile.write(try key.pem(), to: "\(path).key")
        try SecretFile.write(try certificate.pem(), to: "\(path).crt", access: .everyone)
    }
}
