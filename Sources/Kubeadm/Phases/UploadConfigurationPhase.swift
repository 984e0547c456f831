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
        try await objects.apply(configMap("kubeadm-config", ["ClusterConfiguration": clusterConfiguration(settings)]))
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

    /// What machines that join must know.
    static func clusterConfiguration(_ settings: InitSettings) -> String {
        var lines = [
            "apiServer: {}", "apiVersion: \(InitFlags.apiVersion)", "certificatesDir: \(settings.certificates)",
            "clusterName: \(settings.clusterName)",
        ]
        if !settings.controlPlaneEndpoint.isEmpty { lines.append("controlPlaneEndpoint: \(settings.controlPlaneEndpoint)") }
        lines += [
            "kind: ClusterConfiguration", "kubernetesVersion: v1.36.3", "networking:", "  dnsDomain: \(settings.dnsDomain)",
        ]
        if !settings.podSubnet.isEmpty { lines.append("  podSubnet: \(settings.podSubnet)") }
        return (lines + ["  serviceSubnet: \(settings.serviceSubnet)"]).joined(separator: "\n") + "\n"
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
