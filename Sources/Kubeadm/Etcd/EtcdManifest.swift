/// The static pod of a member of etcd.
struct EtcdManifest {
    static let name = "etcd"
    /// What says on the pod where the member is reached.
    static let endpointAnnotation = "kubeadm.kubernetes.io/etcd.advertise-client-urls"

    let settings: InitSettings
    let etcd: LocalEtcd
    let image: String
    /// All members that there are when this one comes in, without it; none for the first.
    var others: [EtcdMember] = []

    var peerURL: String { Self.url(settings.advertiseAddress, LocalEtcd.peerPort) }
    var clientURL: String { Self.url(settings.advertiseAddress, LocalEtcd.clientPort) }

    static func url(_ address: String, _ port: Int) -> String { "https://\(address.contains(":") ? "[\(address)]" : address):\(port)" }

    var text: String {
        let probe = StaticPod.Probe(host: "127.0.0.1", port: LocalEtcd.metricsPort, scheme: "HTTP", path: "/health")
        return StaticPod(
            name: Self.name, annotations: [(Self.endpointAnnotation, clientURL)], arguments: arguments, image: image, processor: "100m",
            memory: "100Mi", liveness: probe, readiness: probe,
            mounts: [
                StaticPod.Mount(name: "etcd-data", path: etcd.dataFolder, kind: "DirectoryOrCreate", isReadOnly: false),
                StaticPod.Mount(name: "etcd-certs", path: "\(settings.certificates)/etcd", kind: "DirectoryOrCreate"),
            ]
        ).text
    }

    /// From a manifest's text.
    static func dataFolder(_ text: String) -> String? {
        let flag = "--data-dir="
        return text.split(separator: "\n").compactMap { line in line.firstRange(of: flag).map { String(line[$0.upperBound...]) } }.first
    }

    private var arguments: [(name: String, value: String)] {
        let pki = "\(settings.certificates)/etcd"
        var members = others.flatMap { member in member.peerURLs.map { "\(member.name)=\($0)" } }
        members.append("\(settings.nodeName)=\(peerURL)")
        let own: [(name: String, value: String)] = [
            ("advertise-client-urls", clientURL),
            ("cert-file", "\(pki)/server.crt"),
            ("client-cert-auth", "true"),
            ("data-dir", etcd.dataFolder),
            ("experimental-initial-corrupt-check", "true"),
            ("initial-advertise-peer-urls", peerURL),
            ("initial-cluster", members.joined(separator: ",")),
            ("initial-cluster-state", others.isEmpty ? "new" : "existing"),
            ("key-file", "\(pki)/server.key"),
            ("listen-client-urls", "https://127.0.0.1:\(LocalEtcd.clientPort),\(clientURL)"),
            ("listen-metrics-urls", "http://127.0.0.1:\(LocalEtcd.metricsPort)"),
            ("listen-peer-urls", peerURL),
            ("name", settings.nodeName),
            ("peer-cert-file", "\(pki)/peer.crt"),
            ("peer-client-cert-auth", "true"),
            ("peer-key-file", "\(pki)/peer.key"),
            ("peer-trusted-ca-file", "\(pki)/ca.crt"),
            ("snapshot-count", "10000"),
            ("trusted-ca-file", "\(pki)/ca.crt"),
        ]
        let given = Set(etcd.arguments.map(\.name))
        return own.filter { !given.contains($0.name) } + etcd.arguments
    }
}
