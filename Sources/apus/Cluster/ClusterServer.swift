import APIServer
import ClusterDNS
import Components
import ContainerRuntime
import ControllerManager
import CoreV1
import Flags
import Glibc
import JSON
import KubeProxy
import Kubelet
import KubernetesAPI
import KubernetesClient
import Linux
import LocalStorage
import Logging
import PKI
import ServiceLifecycle
import Storage
import UnixSignals

/// A whole cluster of one node in one process.
///
/// Its parts speak to each other only through the API, each under its own identity. Containers and containerd outlive the process.
struct ClusterServer {
    let configuration: ServerConfiguration
    private let folder: DataFolder
    private let logger = Logger(label: "apus")

    init(configuration: ServerConfiguration) {
        self.configuration = configuration
        folder = configuration.folder
    }

    /// Runs until SIGTERM or SIGINT.
    func run() async throws {
        umask(0o022)
        for path in [folder.path, folder.logs, folder.run, folder.kubelet, folder.podLogs, folder.images] { try Files.makeDirectory(path) }
        try Files.makeDirectory(folder.store, mode: 0o700)
        let progress = try StartProgress(path: folder.progress)
        let notes = try await progress.step(.checks, detail: { $0.joined(separator: "; ") }) { try Preflight(configuration: configuration).check() }
        for note in notes { logger.warning("\(note)") }
        if let own = ProcessHandle(pid: getpid()) { try Files.writeAtomically(folder.serverProcess, own.text) }
        defer { unlink(folder.serverProcess) }

        let certificates = ClusterCertificates(configuration)
        let (pki, kubeletServing) = try await progress.step(.certificates, detail: { _ in folder.pki }) {
            try certificates.ensure(now: Int64(time(nil)))
        }
        let store = try await progress.step(.store, detail: { "revision \($0.currentRevision)" }) {
            try SQLiteStore(path: folder.database, logger: Logger(label: "storage"))
        }
        let ledger = try Ledger(path: folder.ledger)
        let gate = StartGate()
        let api = try makeAPIServer(pki, store, gate)
        let parts = try makeParts(api, pki, kubeletServing, ledger, gate)
        let group = ServiceGroup(
            configuration: .init(
                services: parts.services.map { .init(service: $0) }, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            tasks.addTask { try await start(progress, api.server, parts) }
            // The start ends before the services do, unless one of them fails.
            try await tasks.next()
            try await tasks.next()
        }
        store.close()
    }

    // MARK: The parts

    private struct Parts: Sendable {
        var services: [any ServiceLifecycle.Service]
        var admin: Client
        var gate: StartGate
        var containerd: ContainerdSupervisor?
        var runtime: RuntimeClient
    }

    private func makeAPIServer(_ pki: ClusterPKI, _ store: any Store, _ gate: StartGate) throws -> APIServerAssembly {
        guard let range = IPRange(configuration.serviceRange) else {
            throw CommandError("--service-cluster-ip-range \(configuration.serviceRange) must be an IPv4 range, such as 10.96.0.0/12")
        }
        var settings = try APIServerConfiguration(
            pki: pki, port: configuration.securePort, advertiseAddress: configuration.nodeIP, services: ServiceNetwork(ranges: [range]),
            issuer: configuration.issuer)
        try AccessFlags.apply(arguments: configuration.apiServerArguments, to: &settings, logger: logger)
        // They run from when the gate opens, and the process ends when one of them does.
        settings.components = ["controller-manager", "scheduler"].map { name in
            ComponentProbe(name) { gate.api.isOpen ? .healthy("ok") : .unhealthy("waits for the API server") }
        }
        return try APIServerAssembly(
            settings, store: store, serving: ServingFiles(path: "\(folder.pki)/apiserver"),
            kubeletClient: ServingFiles(path: "\(folder.pki)/apiserver-kubelet-client"),
            logger: Logger(label: "kube-apiserver"))
    }

    private func makeParts(
        _ assembly: APIServerAssembly, _ pki: ClusterPKI, _ kubeletServing: CertificateFiles, _ ledger: Ledger, _ gate: StartGate
    ) throws -> Parts {
        let api = assembly.server
        // The beginning of a user agent is the name under which the server keeps which fields a client manages.
        func client(_ user: String, _ groups: String..., program: String) -> Client {
            Client(transport: api.transport(as: UserInfo(name: user, groups: groups)), userAgent: "\(program)/\(ApusVersion.kubernetes)")
        }
        let endpoint: String
        var containerd: ContainerdSupervisor?
        if let given = configuration.runtimeEndpoint {
            endpoint = given
        } else {
            let settings = try ContainerdConfiguration(dataFolder: folder.path, sandboxImage: ClusterImages.pause.name)
            containerd = ContainerdSupervisor(configuration: settings, ledger: ledger, logger: Logger(label: "containerd"))
            endpoint = settings.endpoint
        }
        let runtime = try RuntimeClient(endpoint: endpoint, logger: Logger(label: "container-runtime"))
        for hierarchy in CgroupMounts.all() { try ledger.record(.cgroup(hierarchy + folder.cgroup)) }
        let nodeUser = "system:node:\(configuration.nodeName)"
        let kubelet = try makeKubelet(pki, kubeletServing, client(nodeUser, "system:nodes", program: "kubelet"), runtime, endpoint)
        let network = PodNetworkAssembly(
            client: client("system:serviceaccount:kube-system:apus-network", "system:serviceaccounts", program: "apus-network"),
            nodeName: configuration.nodeName,
            dataFolder: folder.path, serviceCIDR: configuration.serviceRange, ledger: ledger, logger: Logger(label: "pod-network"))
        // One copy of each collection for all who follow it. It is read as the controllers may read it; what the others write, they write
        // under their own names.
        let controllersClient = client("system:kube-controller-manager", program: "kube-controller-manager")
        let informers = InformerFactory(client: controllersClient, logger: Logger(label: "informers"))
        let scheduler = SchedulerAssembly(
            client: client("system:kube-scheduler", program: "kube-scheduler"), informers: informers, logger: Logger(label: "kube-scheduler"))
        var controllerSettings = ControllerManagerConfiguration(
            podRanges: configuration.podRanges, rootCA: String(decoding: pki.authorityPEM, as: UTF8.self))
        controllerSettings.selection = ControllerSelection(including: ControllerSelection.onlyWhenNamed)
        controllerSettings.signing = ClusterSigning(authority: pki.authority)
        controllerSettings.serviceAccountTokens = try ServiceAccountTokens(key: pki.serviceAccountKey, issuer: configuration.issuer)
        controllerSettings.makesTokenSecrets = configuration.makesTokenSecrets
        let controllers = ControllerManagerAssembly(
            client: controllersClient, informers: informers, configuration: controllerSettings,
            clientOfAccount: { account in
                Client(
                    transport: api.transport(as: .serviceAccount(namespace: ControllerAccounts.namespace, name: account)),
                    userAgent: "\(controllersClient.userAgent)/system:serviceaccount:\(ControllerAccounts.namespace):\(account)")
            },
            logger: Logger(label: "kube-controller-manager"))
        let proxy = KubeProxyAssembly(
            client: client("system:kube-proxy", program: "kube-proxy"), informers: informers,
            configuration: .init(
                node: ProxyNode(
                    name: configuration.nodeName, addresses: [configuration.nodeIP], clusterCIDR: configuration.clusterCIDR,
                    serviceCIDR: configuration.serviceRange)),
            ledger: ledger, logger: Logger(label: "kube-proxy"))
        let dns = ClusterDNS(
            client: client("system:serviceaccount:kube-system:coredns", "system:serviceaccounts", program: "coredns"), informers: informers,
            configuration: .init(
                domain: configuration.clusterDomain, host: configuration.nodeIP, port: ServerConfiguration.dnsPort,
                upstreamNameservers: HostResolver.nameservers(except: configuration.nodeIP)),
            logger: Logger(label: "cluster-dns"))
        let provisioner = LocalProvisioner(
            client: client("system:serviceaccount:kube-system:local-path-provisioner", "system:serviceaccounts", program: "local-path-provisioner"),
            informers: informers, nodeName: configuration.nodeName, folder: folder.volumes, logger: Logger(label: "local-path"))
        // What needs a filled API waits for the gate; the API server and the runtime do not.
        var services: [any ServiceLifecycle.Service] = assembly.services + [runtime]
        if let containerd { services.append(Gated(gate.runtime, containerd)) }
        // Those who use a certificate look after its files; whoever makes it needs to tell nobody.
        if let certificate = kubelet.servingCertificate {
            services.append(
                ServingFiles(path: folder.kubeletServing).follower(logger: Logger(label: "kubelet")) {
                    try certificate.replace(certificate: $0.certificateChain, key: $0.privateKey)
                })
        }
        let admin = client("system:apiserver", "system:masters", program: "apus")
        let recorder = EventRecorder(client: admin, component: "apus", host: configuration.nodeName, logger: Logger(label: "events"))
        services.append(Gated(gate.api, ClusterCertificates(configuration).keeper(recorder)))
        let behind = [informers] + controllers.services + scheduler.services + network.services + proxy.services + [dns, provisioner]
        services += behind.map { Gated(gate.api, $0) }
        services.append(Gated(gate.node, kubelet))
        return Parts(
            services: services, admin: admin, gate: gate, containerd: containerd, runtime: runtime)
    }

    private func makeKubelet(
        _ pki: ClusterPKI, _ serving: CertificateFiles, _ client: Client, _ runtime: RuntimeClient, _ endpoint: String
    ) throws -> Kubelet {
        var settings = KubeletConfiguration(nodeName: configuration.nodeName)
        settings.nodeIPs = [configuration.nodeIP]
        settings.rootDirectory = folder.kubelet
        settings.podLogsDir = folder.podLogs
        settings.version = ApusVersion.kubernetes
        settings.containerRuntimeEndpoint = endpoint
        settings.cgroupRoot = folder.cgroup
        settings.clusterDNS = [configuration.clusterDNS]
        settings.clusterDomain = configuration.clusterDomain
        settings.port = configuration.kubeletPort
        settings.failSwapOn = configuration.failSwapOn
        settings.tlsCertificate = serving.certificatePEM
        settings.tlsPrivateKey = serving.keyPEM
        settings.clientCA = pki.authorityPEM
        let logger = Logger(label: "kubelet")
        let access = KubeletDelegatedAccess(client: client, node: configuration.nodeName, logger: logger)
        return try Kubelet(
            configuration: settings, client: client, runtime: runtime, authorizer: access.authorizer, authentication: access.authentication(),
            logger: logger)
    }

    // MARK: The start

    /// Opens the gates in order and waits for what each lets through, so that the progress tells what is awaited.
    private func start(_ progress: StartProgress, _ api: APIServer, _ parts: Parts) async throws {
        async let control: Void = startControlPlane(progress, api, parts)
        async let machine: Void = startRuntime(progress, parts)
        try await control
        try await machine
        try await progress.step(.network) {
            try await waitForNode(parts.admin) { $0.spec.podCIDR?.isEmpty == false }
            // A kubelet may not give itself a role; whoever sets the cluster up does.
            _ = try await parts.admin.patch(
                Node.self, configuration.nodeName, .merge(["metadata": ["labels": ["node-role.kubernetes.io/control-plane": ""]]]))
        }
        try await progress.step(.node, detail: { (_: String) in configuration.nodeName + " is Ready" }) {
            try await waitForNode(parts.admin) { node in
                node.status.conditions.contains { $0.type == "Ready" && $0.status == "True" } && node.spec.taints.isEmpty
            }
            return ""
        }
        logger.notice("the cluster is up", metadata: ["server": "https://\(configuration.nodeIP):\(configuration.securePort)"])
        ProcessMemory.releaseCode()
    }

    private func startControlPlane(_ progress: StartProgress, _ api: APIServer, _ parts: Parts) async throws {
        try await progress.step(.apiServer, detail: { (_: String) in "https://\(configuration.nodeIP):\(configuration.securePort)" }) {
            try await api.waitUntilReady()
            parts.gate.api.open()
            return ""
        }
        try await progress.step(.dns, detail: { (_: String) in configuration.clusterDNS }) {
            try await DNSAddon(
                client: parts.admin, serviceIP: configuration.clusterDNS, nodeIP: configuration.nodeIP, port: ServerConfiguration.dnsPort
            ).ensure()
            try await StorageAddon(client: parts.admin).ensure()
            return ""
        }
    }

    private func startRuntime(_ progress: StartProgress, _ parts: Parts) async throws {
        try await progress.step(.containerd) {
            try await parts.containerd?.start()
            parts.gate.runtime.open()
        }
        try await progress.step(.images) {
            async let programs: Void = ensureImages(parts.runtime, "programs", [ClusterImages.hello]) { try ClusterImages.programFiles() }
            // All that the node needs for any pod; the large images follow while it gets ready.
            try await ensureImages(parts.runtime, "pause", [ClusterImages.pause]) { ClusterImages.pauseFiles() }
            parts.gate.node.open()
            try await programs
        }
    }

    private func ensureImages(_ runtime: RuntimeClient, _ name: String, _ images: [LocalImage], _ files: () throws -> ImageFiles) async throws {
        try await LocalImages(client: runtime, folder: "\(folder.images)/\(name)", logger: logger).ensure(images, files: try files())
    }

    /// Returns when the node fulfils the condition.
    private func waitForNode(_ client: Client, _ condition: (Node) -> Bool) async throws {
        while true {
            // Begins with the node as it is, and ends now and then.
            for try await event in client.watch(Node.self, ListOptions(fieldSelector: "metadata.name=\(configuration.nodeName)")) {
                switch event {
                case .added(let node), .modified(let node): if condition(node) { return }
                case .deleted, .bookmark: continue
                }
            }
        }
    }
}
