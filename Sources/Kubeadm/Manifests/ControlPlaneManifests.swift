import Flags
import JSON

/// The static pods of a control plane.
struct ControlPlaneManifests {
    static let components = ["kube-apiserver", "kube-controller-manager", "kube-scheduler", certificateKeeper]
    /// What renews the certificates on this machine, which upstream leaves to people and to upgrades.
    static let certificateKeeper = "kube-certificate-keeper"
    /// What says on a pod of kube-apiserver where it is reached.
    static let endpointAnnotation = "kubeadm.kubernetes.io/kube-apiserver.advertise-address.endpoint"

    let settings: InitSettings

    /// The manifest of one component, YAML (JSON's subset of it would do, but people read these files).
    func text(_ component: String) -> String {
        if component == Self.certificateKeeper { return keeper.text }
        let isServer = component == "kube-apiserver"
        let port = isServer ? settings.bindPort : component == "kube-scheduler" ? 10259 : 10257
        let probe = StaticPod.Probe(host: isServer ? settings.advertiseAddress : "127.0.0.1", port: port, scheme: "HTTPS")
        return StaticPod(
            name: component, annotations: isServer ? [(Self.endpointAnnotation, endpoint)] : [], arguments: arguments(component),
            image: settings.image, processor: isServer ? "250m" : component == "kube-scheduler" ? "100m" : "200m",
            liveness: probe.at("/livez"), readiness: probe.at("/readyz"), mounts: mounts(component)
        ).text
    }

    /// Whoever has the authorities' keys can do everything: they are nobody else's on this machine but the controller manager's, which signs with
    /// one of them.
    private var keeper: StaticPod {
        var mounts = [StaticPod.Mount(name: "kubernetes", path: settings.folder, kind: "Directory", isReadOnly: false)]
        if !settings.certificates.hasPrefix(settings.folder + "/") {
            mounts.append(StaticPod.Mount(name: "k8s-certs", path: settings.certificates, kind: "Directory", isReadOnly: false))
        }
        // What the kubelet is to run is not its business.
        mounts.append(StaticPod.Mount(name: "manifests", path: settings.manifests, kind: "Directory"))
        return StaticPod(
            name: Self.certificateKeeper, annotations: [], arguments: arguments(Self.certificateKeeper), image: settings.image, processor: "10m",
            mounts: mounts, isConfined: true)
    }

    private var keeperFlags: [(name: String, value: String)] {
        [
            ("cert-dir", settings.certificates), ("certificate-validity-period", GoDuration.text(settings.certificateValidity)),
            // Its rights cover events from the first moment on, those of the administrator only when the cluster is set up.
            ("kubeconfig", "\(settings.folder)/controller-manager.conf"),
            ("kubeconfig-dir", settings.folder), ("node-name", settings.nodeName),
        ]
    }

    private var endpoint: String { "\(settings.advertiseAddress):\(settings.bindPort)" }

    private func mounts(_ component: String) -> [StaticPod.Mount] {
        let certificates = StaticPod.Mount(name: "k8s-certs", path: settings.certificates, kind: "DirectoryOrCreate")
        switch (component, settings.store) {
        case ("kube-apiserver", .embedded):
            return [certificates, StaticPod.Mount(name: "store", path: settings.dataFolder, kind: "DirectoryOrCreate", isReadOnly: false)]
        case ("kube-apiserver", .local): return [certificates]
        case ("kube-apiserver", .external(let etcd)):
            // Where somebody else's certificates are is theirs to say.
            let files = [("etcd-ca", etcd.authorityPath), ("etcd-cert", etcd.certificatePath), ("etcd-key", etcd.keyPath)]
            return [certificates] + files.filter { !$0.1.isEmpty }.map { StaticPod.Mount(name: $0.0, path: $0.1, kind: "File") }
        case ("kube-controller-manager", _):
            return [certificates, StaticPod.Mount(name: "kubeconfig", path: "\(settings.folder)/controller-manager.conf", kind: "FileOrCreate")]
        default: return [StaticPod.Mount(name: "kubeconfig", path: "\(settings.folder)/scheduler.conf", kind: "FileOrCreate")]
        }
    }

    /// The flags of a component, those of the configuration file last: a repeated flag wins over ours.
    func arguments(_ component: String) -> [(name: String, value: String)] {
        let extra = settings.extraArguments[component] ?? []
        let given = Set(extra.map(\.name))
        let own: [(name: String, value: String)]
        switch component {
        case "kube-apiserver": own = (apiServer + storeFlags).sorted { $0.name < $1.name }
        case "kube-controller-manager": own = controllerManager
        case Self.certificateKeeper: own = keeperFlags
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
            ("proxy-client-cert-file", "\(pki)/front-proxy-client.crt"),
            ("proxy-client-key-file", "\(pki)/front-proxy-client.key"),
            ("requestheader-allowed-names", "front-proxy-client"),
            ("requestheader-client-ca-file", "\(pki)/front-proxy-ca.crt"),
            ("requestheader-extra-headers-prefix", "X-Remote-Extra-"),
            ("requestheader-group-headers", "X-Remote-Group"),
            ("requestheader-username-headers", "X-Remote-User"),
            ("secure-port", "\(settings.bindPort)"),
            ("service-account-issuer", "https://kubernetes.default.svc.\(settings.dnsDomain)"),
            ("service-account-key-file", "\(pki)/sa.pub"),
            ("service-account-signing-key-file", "\(pki)/sa.key"),
            ("service-cluster-ip-range", settings.serviceSubnet),
            ("tls-cert-file", "\(pki)/apiserver.crt"),
            ("tls-private-key-file", "\(pki)/apiserver.key"),
        ]
    }

    private var storeFlags: [(name: String, value: String)] {
        switch settings.store {
        case .embedded: return [("sqlite-data-dir", settings.dataFolder)]
        case .local:
            let pki = settings.certificates
            return [
                ("etcd-cafile", "\(pki)/etcd/ca.crt"), ("etcd-certfile", "\(pki)/apiserver-etcd-client.crt"),
                ("etcd-keyfile", "\(pki)/apiserver-etcd-client.key"), ("etcd-servers", "https://127.0.0.1:\(LocalEtcd.clientPort)"),
            ]
        case .external(let etcd):
            let files = [("etcd-cafile", etcd.authorityPath), ("etcd-certfile", etcd.certificatePath), ("etcd-keyfile", etcd.keyPath)]
            return files.filter { !$0.1.isEmpty }.map { (name: $0.0, value: $0.1) } + [("etcd-servers", etcd.endpoints.joined(separator: ","))]
        }
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
