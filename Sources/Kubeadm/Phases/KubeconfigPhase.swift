import Glibc
import PKI

extension Phase {
    static let kubeconfigs = Phase(
        name: "kubeconfig", summary: "Generate all kubeconfig files necessary to establish the control plane and the admin kubeconfig file",
        parts: ["all", "admin", "super-admin", "kubelet", "controller-manager", "scheduler"]
    ) { settings, part in
        Say.line("[kubeconfig] Using kubeconfig folder \"\(settings.folder)\"")
        guard let files = try CertificateFiles.load("\(settings.certificates)/ca") else {
            throw KubeadmError("there is no \(settings.certificates)/ca.crt with its key: run the phase certs first")
        }
        let authority = try CertificateAuthority(
            certificate: files.certificate, key: try KeyPair(pem: files.keyPEM, what: "\(settings.certificates)/ca.key"))
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

    static func all(_ settings: InitSettings) -> [Kubeconfigs] {
        [
            Kubeconfigs(
                file: "admin.conf", server: settings.server, spec: .client(user: "kubernetes-admin", groups: ["kubeadm:cluster-admins"])),
            Kubeconfigs(
                file: "super-admin.conf", server: settings.server, spec: .client(user: "kubernetes-super-admin", groups: ["system:masters"])),
            Kubeconfigs(
                file: "kubelet.conf", server: settings.server,
                spec: .client(user: "system:node:\(settings.nodeName)", groups: ["system:nodes"])),
            Kubeconfigs(
                file: "controller-manager.conf", server: settings.localServer, spec: .client(user: "system:kube-controller-manager")),
            Kubeconfigs(file: "scheduler.conf", server: settings.localServer, spec: .client(user: "system:kube-scheduler")),
        ]
    }
}
