import Glibc
import PKI

extension Phase {
    static let kubeconfigs = Phase(
        name: "kubeconfig", summary: "Generate all kubeconfig files necessary to establish the control plane and the admin kubeconfig file",
        parts: ["all", "admin", "super-admin", "kubelet", "controller-manager", "scheduler"]
    ) { settings, part in
        Say.line("[kubeconfig] Using kubeconfig folder \"\(settings.folder)\"")
        guard let authority = try PlannedAuthority.cluster.load(from: settings.certificates) else {
            throw KubeadmError("there is no \(settings.certificates)/ca.crt: run the phase certs first")
        }
        for kubeconfig in Kubeconfigs.all(settings) where part == nil || part == "all" || "\(part ?? "").conf" == kubeconfig.file {
            let isNew = try KubeconfigFile.ensure(
                "\(settings.folder)/\(kubeconfig.file)", server: kubeconfig.server, authority: authority, spec: kubeconfig.spec, now: Int64(time(nil))
            )
            Say.line(
                isNew
                    ? "[kubeconfig] Writing \"\(kubeconfig.file)\" kubeconfig file"
                    : "[kubeconfig] Using existing kubeconfig file: \"\(settings.folder)/\(kubeconfig.file)\"")
        }
    }
}

/// Who gets a kubeconfig.
struct Kubeconfigs {
    var file: String
    var server: String
    var spec: CertificateSpec

    /// The file's text, with a new certificate.
    func text(_ authority: CertificateAuthority, now: Int64) throws -> String {
        let (certificate, key) = try authority.issue(spec, now: now)
        return KubeconfigFile(
            server: server, authorityPEM: try authority.certificate.pem(), user: spec.commonName, certificatePEM: try certificate.pem(),
            keyPEM: try key.pem()
        ).text
    }

    static func all(_ settings: InitSettings) -> [Kubeconfigs] {
        var all = [
            Kubeconfigs(
                file: "admin.conf", server: settings.server, spec: .client(user: "kubernetes-admin", groups: ["kubeadm:cluster-admins"])),
            Kubeconfigs(
                file: "super-admin.conf", server: settings.server, spec: .client(user: "kubernetes-super-admin", groups: ["system:masters"])),
            // Of a control plane the kubelet stands and falls with the API server beside it, not with that of another machine.
            Kubeconfigs(
                file: "kubelet.conf", server: settings.localServer,
                spec: .client(user: "system:node:\(settings.nodeName)", groups: ["system:nodes"])),
            Kubeconfigs(
                file: "controller-manager.conf", server: settings.localServer, spec: .client(user: "system:kube-controller-manager")),
            Kubeconfigs(file: "scheduler.conf", server: settings.localServer, spec: .client(user: "system:kube-scheduler")),
        ]
        for index in all.indices { all[index].spec.validity = settings.certificateValidity }
        return all
    }
}
