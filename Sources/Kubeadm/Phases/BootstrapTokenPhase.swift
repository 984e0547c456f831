import Glibc
import JSON
import PKI

extension Phase {
    static let bootstrapToken = Phase(name: "bootstrap-token", summary: "Generates bootstrap tokens used to join a node to a cluster") {
        settings, _ in
        let objects = try ClusterObjects(settings)
        if settings.printsToken {
            for spec in settings.tokens { Say.line("[bootstrap-token] Using token: \(spec.token.text)") }
        }
        Say.line("[bootstrap-token] Configuring bootstrap tokens, cluster-info ConfigMap, RBAC Roles")
        for spec in settings.tokens { try await objects.apply(spec.object(now: Int64(time(nil)))) }
        try await BootstrapRules.apply(objects)
        Say.line("[bootstrap-token] Creating the \"cluster-info\" ConfigMap in the \"kube-public\" namespace")
        try await objects.apply(try clusterInfo(settings))
        try await objects.apply(BootstrapRules.infoReader)
    }

    /// Where the cluster is and who vouches for it, for machines that know nothing yet.
    static func clusterInfo(_ settings: InitSettings) throws -> JSONValue {
        guard let authority = try SecretFile.read("\(settings.certificates)/ca.crt") else {
            throw KubeadmError("\(settings.certificates)/ca.crt: there is no such file: run the phase certs first")
        }
        let kubeconfig: JSONValue = [
            "apiVersion": "v1", "kind": "Config",
            "clusters": [
                ["cluster": ["certificate-authority-data": .string(Base64.encode(authority)), "server": .string(settings.server)], "name": ""]
            ],
            "contexts": nil, "current-context": "", "preferences": [:], "users": nil,
        ]
        return [
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "cluster-info", "namespace": "kube-public"],
            "data": ["kubeconfig": .string(YAMLText.of(kubeconfig))],
        ]
    }
}

/// What those who join, and kubelets that have joined, may do.
struct BootstrapRules {
    /// Continues "Configured RBAC rules to".
    var purpose: String
    var text: String

    private static let joiners = BootstrapTokenSpec.defaultGroup

    static let all = [
        // Upstream lets them get nodes; to see that no other node has the machine's ids, they must list them, as every node may.
        BootstrapRules(
            purpose: "allow Node Bootstrap tokens to get nodes",
            text: """
                apiVersion: rbac.authorization.k8s.io/v1
                kind: ClusterRole
                metadata: {name: "kubeadm:get-nodes"}
                rules:
                - {apiGroups: [""], resources: [nodes], verbs: [get, list]}
                ---
                \(binding("kubeadm:get-nodes", "kubeadm:get-nodes", joiners))
                """),
        BootstrapRules(
            purpose: "allow Node Bootstrap tokens to post CSRs in order for nodes to get long term certificate credentials",
            text: binding("kubeadm:kubelet-bootstrap", "system:node-bootstrapper", joiners)),
        BootstrapRules(
            purpose: "allow the csrapprover controller automatically approve CSRs from a Node Bootstrap Token",
            text: binding("kubeadm:node-autoapprove-bootstrap", "system:certificates.k8s.io:certificatesigningrequests:nodeclient", joiners)),
        BootstrapRules(
            purpose: "allow certificate rotation for all node client certificates in the cluster",
            text: binding(
                "kubeadm:node-autoapprove-certificate-rotation", "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient",
                "system:nodes")),
    ]

    static func apply(_ objects: ClusterObjects) async throws {
        for rule in all {
            try await objects.apply(rule.text)
            Say.line("[bootstrap-token] Configured RBAC rules to \(rule.purpose)")
        }
    }

    /// Lets everybody read what is public.
    static let infoReader = """
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata: {name: "kubeadm:bootstrap-signer-clusterinfo", namespace: kube-public}
        rules:
        - {apiGroups: [""], resources: [configmaps], resourceNames: [cluster-info], verbs: [get]}
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata: {name: "kubeadm:bootstrap-signer-clusterinfo", namespace: kube-public}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: "kubeadm:bootstrap-signer-clusterinfo"}
        subjects:
        - {apiGroup: rbac.authorization.k8s.io, kind: User, name: "system:anonymous"}
        """

    private static func binding(_ name: String, _ role: String, _ group: String) -> String {
        """
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata: {name: "\(name)"}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: "\(role)"}
        subjects:
        - {apiGroup: rbac.authorization.k8s.io, kind: Group, name: "\(group)"}
        """
    }
}
