import Glibc
import JSON
import KubernetesClient
import Linux
import PKI

extension Phase {
    static let kubeletStart = Phase(name: "kubelet-start", summary: "Write kubelet settings and (re)start the kubelet") { settings, _ in
        let runtime = await RuntimeProbe.ask(settings.criSocket)
        let machine = KubeletFiles.Machine(
            nodeName: settings.nodeName, nodeIP: settings.advertiseAddress, criSocket: settings.criSocket,
            cgroupDriver: settings.kubelet["cgroupDriver"] == nil ? runtime.cgroupDriver : nil, arguments: settings.kubeletArguments)
        try KubeletFiles.write(KubeletFiles.configuration(settings), machine)
        Say.line("[kubelet-start] Starting the kubelet")
        try await KubeletService.restart()
    }

    static let kubeletFinalize = Phase(
        name: "kubelet-finalize", summary: "Updates settings relevant to the kubelet after TLS bootstrap",
        parts: ["all", "enable-client-cert-rotation"]
    ) { settings, _ in
        let path = "\(settings.folder)/kubelet.conf"
        if Rehearsal.instead("update \"\(path)\" to point to a rotatable kubelet client certificate and key") { return }
        guard try RotatableCertificate.moveOut(of: path, to: RotatableCertificate.folder, now: Int64(time(nil))) else { return }
        Say.line("[kubelet-finalize] Updating \"\(path)\" to point to a rotatable kubelet client certificate and key")
        try await KubeletService.restart()
    }
}

/// The client certificate of a kubelet, in a file that the kubelet itself replaces before the certificate ends.
enum RotatableCertificate {
    static let folder = "/var/lib/kubelet/pki"

    /// Moves certificate and key out of a kubeconfig, which then names their file.
    ///
    /// - Returns: whether there was anything to move.
    static func moveOut(of kubeconfig: String, to folder: String, now: Int64) throws -> Bool {
        let connection = try Kubeconfig.load(path: kubeconfig).connection()
        guard case .data(let certificate)? = connection.clientCertificate, case .data(let key)? = connection.clientKey,
            case .data(let authority)? = connection.certificateAuthority
        else { return false }
        let file = "\(folder)/kubelet-client-\(now).pem"
        let current = "\(folder)/kubelet-client-current.pem"
        try SecretFile.write(certificate + key, to: file)
        unlink("\(current).new")
        guard symlink(file, "\(current).new") == 0, rename("\(current).new", current) == 0 else {
            throw KubeadmError("\(current) could not be made: \(String(cString: strerror(errno)))")
        }
        let user = try PEMCertificate(pem: certificate, what: kubeconfig).commonName
        let context = "\(user)@kubernetes"
        let text = YAMLText.of([
            "apiVersion": "v1", "kind": "Config",
            "clusters": [
                [
                    "cluster": ["certificate-authority-data": .string(Base64.encode(authority)), "server": .string(connection.server)],
                    "name": "kubernetes",
                ]
            ],
            "contexts": [["context": ["cluster": "kubernetes", "user": .string(user)], "name": .string(context)]],
            "current-context": .string(context), "preferences": [:],
            "users": [["name": .string(user), "user": ["client-certificate": .string(current), "client-key": .string(current)]]],
        ])
        try SecretFile.write(Array(text.utf8), to: kubeconfig)
        return true
    }
}
