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
        var entries = try settings.installedCertificates.entries()
        let path = "\(settings.folder)/kubelet.conf"
        if let certificate = try KubeconfigFile.clientCertificate(path) {
            entries.append(CertificateEntry(name: "kubelet.conf", path: path, certificate: certificate, signer: "ca", user: ""))
        }
        entries.sort { $0.name < $1.name }
        for line in CertificateTable.lines(entries, now: Int64(time(nil))) { Say.line(line) }
    }

    /// Makes them anew; who uses them notices.
    private static func renew(_ name: String, _ settings: InitSettings) throws {
        let installed = settings.installedCertificates
        let known = ControlPlaneCertificates.planned.map(\.word) + ControlPlaneCertificates.kubeconfigs
        guard name == "all" || known.contains(name) else {
            throw FlagProblem("kubeadm certs renew: there is no \"\(name)\": all, \(known.joined(separator: ", "))")
        }
        let entries = try installed.entries().filter { !$0.isAuthority && (name == "all" || $0.name == name) }
        guard !entries.isEmpty else { throw KubeadmError("there is no certificate \"\(name)\" on this machine") }
        for entry in entries {
            if name == "all", entry.isExternal {
                Say.line("\(entry.name) was left as it is: the key of its authority is not on this machine")
                continue
            }
            try installed.renew(entry.name, now: Int64(time(nil)))
            let isKubeconfig = ControlPlaneCertificates.kubeconfigs.contains(entry.name)
            Say.line(isKubeconfig ? "certificate embedded in the kubeconfig file \(entry.name) renewed" : "certificate for \(entry.name) renewed")
        }
        Say.line("\nDone renewing certificates. The control plane takes them into use within seconds; nothing needs to be restarted.")
    }
}
