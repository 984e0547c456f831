import Flags
import JSON

extension Phase {
    static let uploadConfiguration = Phase(
        name: "upload-config", summary: "Upload the kubeadm and kubelet configuration to a ConfigMap", parts: ["all", "kubeadm", "kubelet"]
    ) { settings, _ in
        let objects = try ClusterObjects(settings)
        // The administrator of admin.conf gets rights here, by super-admin.conf, which stays on this machine.
        try await objects.apply(administrators)
        Say.line("[upload-config] Storing the configuration used in ConfigMap \"kubeadm-config\" in the \"kube-system\" Namespace")
        try await objects.apply(configMap("kubeadm-config", ["ClusterConfiguration": UploadedConfiguration.text(settings)]))
        try await objects.apply(reader("kubeadm:nodes-kubeadm-config", "kubeadm-config"))
        Say.line(
            "[kubelet] Creating a ConfigMap \"kubelet-config\" in namespace kube-system with the configuration for the kubelets in the cluster")
        try await objects.apply(configMap("kubelet-config", ["kubelet": YAMLText.of(KubeletFiles.configuration(settings))]))
        try await objects.apply(reader("kubeadm:kubelet-config", "kubelet-config"))
    }

    private static func configMap(_ name: String, _ data: [String: String]) -> JSONValue {
        var members = JSONObject()
        for (key, text) in data { members[key] = .string(text) }
        return [
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": .string(name), "namespace": "kube-system"], "data": .object(members),
        ]
    }

    private static let administrators = """
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata:
          name: kubeadm:cluster-admins
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
        subjects:
        - {apiGroup: rbac.authorization.k8s.io, kind: Group, name: "kubeadm:cluster-admins"}
        """

    /// Lets nodes, and machines that are about to be nodes, read one ConfigMap.
    private static func reader(_ name: String, _ configMap: String) -> String {
        """
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata: {name: "\(name)", namespace: kube-system}
        rules:
        - {apiGroups: [""], resources: [configmaps], resourceNames: ["\(configMap)"], verbs: [get]}
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata: {name: "\(name)", namespace: kube-system}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: "\(name)"}
        subjects:
        - {apiGroup: rbac.authorization.k8s.io, kind: Group, name: "system:nodes"}
        - {apiGroup: rbac.authorization.k8s.io, kind: Group, name: "system:bootstrappers:kubeadm:default-node-token"}
        """
    }
}

/// The ClusterConfiguration in `kube-system/kubeadm-config`.
enum UploadedConfiguration {
    /// What machines that join, and later versions of kubeadm, must know.
    static func text(_ settings: InitSettings) -> String {
        var extra = settings.extraArguments
        if case .embedded = settings.store, settings.dataFolder != InitFlags.dataFolder {
            extra["kube-apiserver", default: []].removeAll { $0.name == "sqlite-data-dir" }
            extra["kube-apiserver", default: []].append(("sqlite-data-dir", settings.dataFolder))
        }
        func component(_ name: String) -> JSONValue {
            let arguments = extra[name] ?? []
            return arguments.isEmpty ? [:] : ["extraArgs": InitSettings.tree(arguments)]
        }
        var apiServer = component("kube-apiserver")
        if !settings.extraNames.isEmpty { apiServer["certSANs"] = .array(settings.extraNames.map { .string($0) }) }
        var networking: JSONValue = ["dnsDomain": .string(settings.dnsDomain)]
        if !settings.podSubnet.isEmpty { networking["podSubnet"] = .string(settings.podSubnet) }
        networking["serviceSubnet"] = .string(settings.serviceSubnet)
        var tree: JSONValue = [
            "apiServer": apiServer, "apiVersion": .string(InitFlags.apiVersion),
            "caCertificateValidityPeriod": .string(GoDuration.text(settings.authorityValidity)),
            "certificateValidityPeriod": .string(GoDuration.text(settings.certificateValidity)), "certificatesDir": .string(settings.certificates),
            "clusterName": .string(settings.clusterName),
        ]
        if !settings.controlPlaneEndpoint.isEmpty { tree["controlPlaneEndpoint"] = .string(settings.controlPlaneEndpoint) }
        tree["controllerManager"] = component("kube-controller-manager")
        if let etcd = settings.store.tree { tree["etcd"] = etcd }
        tree["kind"] = "ClusterConfiguration"
        tree["kubernetesVersion"] = .string(ApusVersion.upstream)
        tree["networking"] = networking
        tree["scheduler"] = component("kube-scheduler")
        return YAMLText.of(tree)
    }
}
