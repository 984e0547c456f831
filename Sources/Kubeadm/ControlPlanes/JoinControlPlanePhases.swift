import Flags
import Glibc
import JSON
import KubernetesAPI
import KubernetesClient
import Linux
import PKI

extension JoinPhase {
    static let controlPlanePrepare = JoinPhase(
        name: "control-plane-prepare", summary: "Prepare the machine for serving a control plane", isForControlPlanes: true
    ) { run in
        guard let own = run.settings.controlPlane else { return }
        let settings = try await run.controlPlane(own)
        if Rehearsal.instead("download the authorities' keys, and make certificates and kubeconfigs with them") { return }
        if let key = own.certificateKey {
            let name = SharedCertificates.secretName
            Say.line("[download-certs] Downloading the certificates in Secret \"\(name)\" in the \"\(BootstrapTokenSpec.namespace)\" Namespace")
            let secret: JSONValue
            do {
                secret = try await run.client().get(path: "/api/v1/namespaces/\(BootstrapTokenSpec.namespace)/secrets/\(name)")
            } catch let error as APIStatusError where error.isNotFound || error.status.code == 403 {
                throw KubeadmError(
                    "the Secret \(BootstrapTokenSpec.namespace)/\(name) is not there, or no more; it stays for two hours:"
                        + " kubeadm init phase upload-certs --upload-certs on a control plane makes it anew and says the key for --certificate-key")
            }
            try SharedCertificates.unseal(secret["data"] ?? [:], settings.store, folder: settings.certificates, key: key)
        } else if let missing = SharedCertificates.files(settings.store).first(where: { !Files.exists("\(settings.certificates)/\($0)") }) {
            throw KubeadmError(
                "\(settings.certificates)/\(missing) is not there, and all control planes must have the same: give --certificate-key, which kubeadm"
                    + " init phase upload-certs --upload-certs says on a control plane, or copy \(SharedCertificates.files(settings.store).joined(separator: ", ")) from one"
            )
        }
        try await Phase.certificates.run(settings, nil)
        for part in ["admin", "controller-manager", "scheduler"] { try await Phase.kubeconfigs.run(settings, part) }
    }

    static let etcdJoin = JoinPhase(name: "etcd-join", summary: "Join etcd for control plane nodes", isForControlPlanes: true) { run in
        guard let own = run.settings.controlPlane else { return }
        let settings = try await run.controlPlane(own)
        guard let etcd = settings.store.local, !Rehearsal.instead("take a member of etcd on this machine into the cluster") else { return }
        let endpoints = try await EtcdEndpoints.all(try ClusterObjects.client(settings.administrator))
        Say.line("[etcd] Announcing a new etcd member to those at \(endpoints.joined(separator: ", "))")
        var members = EtcdMembers(endpoints: endpoints, certificates: settings.certificates)
        members.patience = settings.etcdPatience
        try await EtcdJoin(settings: settings, members: members).run { others in
            try await EtcdPhase.write(settings, etcd, others: others)
        }
    }

    static let controlPlaneJoin = JoinPhase(
        name: "control-plane-join", summary: "Join a machine as a control plane instance", isForControlPlanes: true
    ) { run in
        guard let own = run.settings.controlPlane else { return }
        let settings = try await run.controlPlane(own)
        // First, while only API servers that are ready answer under the name of all.
        try await Phase.markControlPlane.run(settings, nil)
        try await Phase.controlPlane.run(settings, nil)
    }

    static let waitControlPlane = JoinPhase(
        name: "wait-control-plane", summary: "Wait for the control plane to start", isForControlPlanes: true
    ) { run in
        guard let own = run.settings.controlPlane else { return }
        let settings = try await run.controlPlane(own)
        try await Phase.waitControlPlane.run(settings, nil)
        // From now on the kubelet stands and falls with the API server beside it.
        let path = run.settings.kubeconfig
        if Rehearsal.instead("update \"\(path)\" to point to the API server of this machine") { return }
        guard let text = try Files.read(path).map({ String(decoding: $0, as: UTF8.self) }) else {
            throw KubeadmError("\(path): there is no such file")
        }
        try SecretFile.write(Array(text.replacing(settings.server, with: settings.localServer).utf8), to: path)
        try await KubeletService.restart()
    }
}

/// Where the members of etcd are, by the pods that they run in.
enum EtcdEndpoints {
    /// - Throws: `KubeadmError` when there is none.
    static func all(_ client: Client) async throws -> [String] {
        let pods = try await client.get(path: "/api/v1/namespaces/kube-system/pods?labelSelector=component%3Detcd%2Ctier%3Dcontrol-plane")
        let endpoints = (pods["items"]?.arrayValue ?? []).compactMap { $0["metadata"]?["annotations"]?[EtcdManifest.endpointAnnotation]?.stringValue }
        guard !endpoints.isEmpty else { throw KubeadmError("there is no pod of etcd in the cluster that says where it is reached") }
        return endpoints.sorted()
    }
}

/// Takes this machine's member of etcd into the cluster.
struct EtcdJoin: Sendable {
    static let pause: Duration = .milliseconds(500)

    var settings: InitSettings
    var members: EtcdMembers
    var time: TimeSource = .system

    /// - Parameter start: has the member started, with those that were there before.
    /// - Throws: `KubeadmError` saying what etcd refuses.
    func run(_ start: ([EtcdMember]) async throws -> Void) async throws {
        let url = EtcdManifest.url(settings.advertiseAddress, LocalEtcd.peerPort)
        var others: [EtcdMember] = []
        for member in try await members.list() {
            guard member.name == settings.nodeName || member.peerURLs.contains(url) else {
                others.append(member)
                continue
            }
            // It had another life, whose data are gone: it would never find its way in again.
            Say.line("[etcd] Removing the member \(member.hexadecimalID) that this machine was before")
            try await members.remove(member)
        }
        // Right after another change etcd may want to see all members first.
        try await patiently("take a member at \(url) in") { try await members.add(url) }
        guard let own = try await members.list().first(where: { $0.peerURLs.contains(url) }) else {
            throw KubeadmError("etcd has taken a member at \(url) in and does not list it")
        }
        try await start(others)
        Say.line("[etcd] Waiting for the new etcd member to have what the others have. This can take up to \(GoDuration.text(settings.etcdPatience))")
        try await patiently("promote the member \(own.hexadecimalID) at \(url)") { try await members.promote(own) }
    }

    private func patiently(_ what: String, _ body: () async throws -> Void) async throws {
        let deadline = time.uptime() + settings.etcdPatience
        while true {
            do {
                return try await body()
            } catch let refusal as EtcdRefusal {
                guard time.uptime() < deadline else {
                    throw KubeadmError("etcd does not \(what): \(refusal); kubeadm etcd members shows all, and crictl logs what this one says")
                }
                try await time.sleep(Self.pause)
            }
        }
    }
}
