import JSON

/// The static pods of a control plane.
struct ControlPlaneManifests {
    static let components = ["kube-apiserver", "kube-controller-manager", "kube-scheduler"]

    let settings: InitSettings

    /// The manifest of one component, YAML (JSON's subset of it would do, but people read these files).
    func text(_ component: String) -> String {
        var lines = [
            "apiVersion: v1", "kind: Pod", "metadata:",
        ]
        if component == "kube-apiserver" {
            lines += ["  annotations:", "    kubeadm.kubernetes.io/kube-apiserver.advertise-address.endpoint: \(endpoint)"]
        }
        lines += [
            "  labels:", "    component: \(component)", "    tier: control-plane", "  name: \(component)", "  namespace: kube-system",
            "spec:", "  containers:", "  - command:", "    - \(component)",
        ]
        lines += arguments(component).map { "    - " + quoted("--\($0.name)=\($0.value)") }
        lines += ["    image: \(settings.image)", "    imagePullPolicy: IfNotPresent"]
        lines += probe("livenessProbe", component, "/livez", failures: 8, period: 10)
        lines += ["    name: \(component)"]
        lines += probe("readinessProbe", component, "/readyz", failures: 3, period: 1)
        lines += [
            "    resources:", "      requests:",
            "        cpu: \(component == "kube-apiserver" ? "250m" : component == "kube-scheduler" ? "100m" : "200m")",
        ]
        lines += probe("startupProbe", component, "/livez", failures: 24, period: 10)
        let mounts = self.mounts(component)
        lines += ["    volumeMounts:"]
        for mount in mounts {
            lines += ["    - mountPath: \(mount.path)", "      name: \(mount.name)"]
            if mount.isReadOnly { lines.append("      readOnly: true") }
        }
        lines += ["  hostNetwork: true", "  priority: 2000001000", "  priorityClassName: system-node-critical"]
        lines += ["  securityContext:", "    seccompProfile:", "      type: RuntimeDefault", "  volumes:"]
        for mount in mounts {
            lines += ["  - hostPath:", "      path: \(mount.path)", "      type: \(mount.kind)", "    name: \(mount.name)"]
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private var endpoint: String { "\(settings.advertiseAddress):\(settings.bindPort)" }

    private func quoted(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"#\"'{}[]&*!|>%@`,".utf8.contains($0) }
        return isPlain || (text.contains(",") && !text.contains("\"")) ? text : "'\(text)'"
    }

    private struct Mount {
        var name: String
        var path: String
        var kind: String
        var isReadOnly = true
    }

    private func mounts(_ component: String) -> [Mount] {
        switch component {
        case "kube-apiserver":
            [
                Mount(name: "k8s-certs", path: settings.certificates, kind: "DirectoryOrCreate"),
                Mount(name: "store", path: settings.dataFolder, kind: "DirectoryOrCreate", isReadOnly: false),
            ]
        case "kube-controller-manager":
            [
                Mount(name: "k8s-certs", path: settings.certificates, kind: "DirectoryOrCreate"),
                Mount(name: "kubeconfig", path: "\(settings.folder)/controller-manager.conf", kind: "FileOrCreate"),
            ]
        default: [Mount(name: "kubeconfig", path: "\(settings.folder)/scheduler.conf", kind: "FileOrCreate")]
        }
    }

    private func probe(_ name: String, _ component: String, _ path: String, failures: Int, period: Int) -> [String] {
        let host = component == "kube-apiserver" ? settings.advertiseAddress : "127.0.0.1"
        let port = component == "kube-apiserver" ? settings.bindPort : component == "kube-scheduler" ? 10259 : 10257
        return [
            "    \(name):", "      failureThreshold: \(failures)", "      httpGet:", "        host: \(host)", "        path: \(path)",
            "        port: \(port)", "        scheme: HTTPS", "      periodSeconds: \(period)", "      timeoutSeconds: 15",
        ]
    }

    /// The flags of a component, those of the configuration file last: a repeated flag wins over ours.
    func arguments(_ component: String) -> [(name: String, value: String)] {
        let extra = settings.extraArguments[component] ?? []
        let given = Set(extra.map(\.name))
        let own: [(name: String, value: String)]
        switch component {
        case "kube-apiserver": own = apiServer
        case "kube-controller-manager": own = controllerManager
        default: own = scheduler
        }
        return own.filter { !given.contains($0.name) } + extra
    }

    private var apiServer: [(name: String, value: String)] {
        let pki = settings.certificates
        return [
            ("advertise-address", settings.advertiseAddress),
            ("authorization-mode", "Node,RBAC"),
            ("client-ca-file", "\(pki)/ca.crt"),
            ("enable-admission-plugins", "NodeRestriction"),
            ("enable-bootstrap-token-auth", "true"),
            ("kubelet-client-certificate", "\(pki)/apiserver-kubelet-client.crt"),
            ("kubelet-client-key", "\(pki)/apiserver-kubelet-client.key"),
            ("secure-port", "\(settings.bindPort)"),
            ("service-account-issuer", "https://kubernetes.default.svc.\(settings.dnsDomain)"),
            ("service-account-key-file", "\(pki)/sa.pub"),
            ("service-account-signing-key-file", "\(pki)/sa.key"),
            ("service-cluster-ip-range", settings.serviceSubnet),
            ("sqlite-data-dir", settings.dataFolder),
            ("tls-cert-file", "\(pki)/apiserver.crt"),
            ("tls-private-key-file", "\(pki)/apiserver.key"),
        ]
    }

    private var controllerManager: [(name: String, value: String)] {
        let pki = settings.certificates
        let kubeconfig = "\(settings.folder)/controller-manager.conf"
        var flags: [(name: String, value: String)] = [
            ("authentication-kubeconfig", kubeconfig),
            ("authorization-kubeconfig", kubeconfig),
            ("bind-address", "127.0.0.1"),
            ("client-ca-file", "\(pki)/ca.crt"),
            ("cluster-signing-cert-file", "\(pki)/ca.crt"),
            ("cluster-signing-key-file", "\(pki)/ca.key"),
            ("controllers", "*,bootstrapsigner,tokencleaner"),
            ("kubeconfig", kubeconfig),
            ("leader-elect", "true"),
            ("root-ca-file", "\(pki)/ca.crt"),
        ]
        if !settings.podSubnet.isEmpty {
            flags += [("allocate-node-cidrs", "true"), ("cluster-cidr", settings.podSubnet)]
        }
        return flags
    }

    private var scheduler: [(name: String, value: String)] {
        let kubeconfig = "\(settings.folder)/scheduler.conf"
        return [
            ("authentication-kubeconfig", kubeconfig), ("authorization-kubeconfig", kubeconfig), ("bind-address", "127.0.0.1"),
            ("kubeconfig", kubeconfig), ("leader-elect", "true"),
        ]
    }
}
