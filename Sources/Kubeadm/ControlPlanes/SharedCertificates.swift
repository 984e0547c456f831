import Glibc
import JSON
import KubernetesClient
import PKI

/// What all control planes of a cluster must have in common: the authorities with their keys and the key of service accounts' tokens, as the
/// Secret `kubeadm-certs`, in which each is encrypted.
enum SharedCertificates {
    static let secretName = "kubeadm-certs"
    /// How long the Secret stays.
    static let life: Duration = .seconds(2 * 3600)

    /// Files below the folder of certificates.
    static func files(_ store: StoreChoice) -> [String] {
        var files = ["ca.crt", "ca.key", "front-proxy-ca.crt", "front-proxy-ca.key", "sa.key", "sa.pub"]
        if store.local != nil { files += ["etcd/ca.crt", "etcd/ca.key"] }
        return files
    }

    /// The Secret's data, from files on this machine.
    ///
    /// - Throws: `KubeadmError` naming a file that is missing.
    static func sealed(_ store: StoreChoice, folder: String, key: CertificateKey) throws -> JSONObject {
        var data: JSONObject = [:]
        func put(_ name: String, _ path: String) throws {
            guard let bytes = try SecretFile.read(path) else { throw KubeadmError("\(path): there is no such file, and all control planes need it") }
            data[name] = .string(Base64.encode(try key.seal(bytes)))
        }
        for file in files(store) { try put(entry(file), "\(folder)/\(file)") }
        if case .external(let etcd) = store {
            for (name, path) in [
                ("external-etcd-ca.crt", etcd.authorityPath), ("external-etcd.crt", etcd.certificatePath), ("external-etcd.key", etcd.keyPath),
            ] where !path.isEmpty { try put(name, path) }
        }
        return data
    }

    /// Writes what the Secret holds to this machine.
    ///
    /// - Throws: `KubeadmError` when the key is another or something is missing.
    static func unseal(_ data: JSONValue, _ store: StoreChoice, folder: String, key: CertificateKey) throws {
        func take(_ name: String, _ path: String) throws {
            guard let sealed = data[name]?.stringValue.flatMap({ Base64.decode($0) }) else {
                throw KubeadmError(
                    "the Secret kube-system/\(secretName) has no \(name): kubeadm init phase upload-certs --upload-certs makes it anew")
            }
            guard let bytes = key.open(sealed) else {
                throw KubeadmError(
                    "the Secret kube-system/\(secretName) was encrypted with another key than --certificate-key:"
                        + " kubeadm init phase upload-certs --upload-certs on a control plane makes it anew and says the key")
            }
            try SecretFile.write(bytes, to: path, access: path.hasSuffix(".key") ? .ownerOnly : .everyone)
        }
        for file in files(store) { try take(entry(file), "\(folder)/\(file)") }
        if case .external(let etcd) = store {
            for (name, path) in [
                ("external-etcd-ca.crt", etcd.authorityPath), ("external-etcd.crt", etcd.certificatePath), ("external-etcd.key", etcd.keyPath),
            ] where !path.isEmpty { try take(name, path) }
        }
    }

    private static func entry(_ file: String) -> String { String(file.map { $0 == "/" ? "-" : $0 }) }

    /// Lets those who join read the Secret.
    static let reader = """
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata: {name: "kubeadm:kubeadm-certs", namespace: kube-system}
        rules:
        - {apiGroups: [""], resources: [secrets], resourceNames: [\(secretName)], verbs: [get]}
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata: {name: "kubeadm:kubeadm-certs", namespace: kube-system}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: "kubeadm:kubeadm-certs"}
        subjects:
        - {apiGroup: rbac.authorization.k8s.io, kind: Group, name: "\(BootstrapTokenSpec.defaultGroup)"}
        """
}

extension Phase {
    static let uploadCertificates = Phase(name: "upload-certs", summary: "Upload certificates to kubeadm-certs") { settings, _ in
        guard settings.uploadsCertificates else {
            return Say.line("[upload-certs] Skipping phase. Please see --upload-certs")
        }
        let objects = try ClusterObjects(settings)
        let name = SharedCertificates.secretName
        Say.line("[upload-certs] Storing the certificates in Secret \"\(name)\" in the \"\(BootstrapTokenSpec.namespace)\" Namespace")
        if !Rehearsal.isOn {
            // The Secret goes with its owner, which ends by itself.
            let owner = try BootstrapTokenSpec(
                token: .random(), life: SharedCertificates.life, description: "Proxy for managing TTL for the kubeadm-certs secret", groups: [],
                usages: [])
            let made = try await objects.apply(owner.object(now: Int64(time(nil))))
            let reference: JSONValue = [
                "apiVersion": "v1", "kind": "Secret", "name": made["metadata"]?["name"] ?? "", "uid": made["metadata"]?["uid"] ?? "",
                "controller": true, "blockOwnerDeletion": true,
            ]
            let store = try await storeOfCluster(settings)
            _ = try await objects.apply([
                "apiVersion": "v1", "kind": "Secret",
                "metadata": ["name": .string(name), "namespace": .string(BootstrapTokenSpec.namespace), "ownerReferences": [reference]],
                "data": .object(try SharedCertificates.sealed(store, folder: settings.certificates, key: settings.certificateKey)),
            ])
        }
        try await objects.apply(SharedCertificates.reader)
        if settings.printsCertificateKey { Say.line("[upload-certs] Using certificate key:\n\(settings.certificateKey.text)") }
    }

    /// This phase is run long after init, too, with nothing said: then the cluster knows where its objects are.
    private static func storeOfCluster(_ settings: InitSettings) async throws -> StoreChoice {
        do {
            let text = try await ClusterConfigurationMap.text(ClusterConfigurationMap.kubeadm, ClusterObjects.client(settings.administrator))
            return try InitSettings.ofCluster(text, arguments: []).store
        } catch let error as APIStatusError where error.isNotFound {
            return settings.store
        }
    }
}
