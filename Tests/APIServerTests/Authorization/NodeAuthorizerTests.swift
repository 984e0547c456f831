import JSON
import Testing

@testable import APIServer

@Suite struct NodeAuthorizerTests {
    /// A pod on `n1` that uses one of everything, another on `n2`, and a mirror pod on `n1` that would like more.
    private static let pods: [JSONValue] = [
        [
            "metadata": ["name": "p1", "namespace": "ns"],
            "spec": [
                "nodeName": "n1", "serviceAccountName": "sa1", "imagePullSecrets": [["name": "pull"]],
                "containers": [
                    [
                        "name": "c", "env": [["name": "A", "valueFrom": ["secretKeyRef": ["name": "env", "key": "k"]]]],
                        "envFrom": [["configMapRef": ["name": "all"]], ["secretRef": ["name": "from"]]],
                    ]
                ],
                "volumes": [
                    ["name": "v1", "secret": ["secretName": "vol"]], ["name": "v2", "persistentVolumeClaim": ["claimName": "claim"]],
                    ["name": "v3", "projected": ["sources": [["configMap": ["name": "root"]], ["secret": ["name": "proj"]]]]],
                    ["name": "scratch", "ephemeral": [:]],
                ],
                "resourceClaims": [["name": "r", "resourceClaimName": "gpu"]],
            ],
        ],
        [
            "metadata": ["name": "p2", "namespace": "ns"],
            "spec": ["nodeName": "n2", "serviceAccountName": "sa2", "volumes": [["name": "v", "secret": ["secretName": "other"]]]],
        ],
        [
            "metadata": ["name": "m", "namespace": "ns", "annotations": ["kubernetes.io/config.mirror": "x"]],
            "spec": ["nodeName": "n1", "serviceAccountName": "admin", "volumes": [["name": "v", "secret": ["secretName": "wished"]]]],
        ],
    ]
    private static let objects: [String: JSONValue] = [
        "persistentvolumeclaims/ns/claim": ["spec": ["volumeName": "pv"]],
        "persistentvolumes//pv": [
            "spec": ["claimRef": ["namespace": "ns", "name": "claim"], "csi": ["nodeStageSecretRef": ["name": "stage", "namespace": "storage"]]]
        ],
        "persistentvolumes//forged": ["spec": ["claimRef": ["namespace": "ns", "name": "claim"]]],
        "volumeattachments//a1": ["spec": ["nodeName": "n1"]],
    ]

    private var authorizer: NodeAuthorizer {
        NodeAuthorizer(
            uses: NodeUses(
                pods: { node in Self.pods.filter { $0.text("spec", "nodeName") == node } },
                lookup: { _, resource, namespace, name in
                    resource == "pods"
                        ? Self.pods.first { $0.text("metadata", "name") == name && $0.text("metadata", "namespace") == namespace }
                        : Self.objects["\(resource)/\(namespace)/\(name)"]
                }))
    }

    private func ask(_ verb: String, _ target: String, _ namespace: String, _ name: String, node: String = "n1", selector: String? = nil)
        -> AuthorizationDecision
    {
        let parts = target.split(separator: "/").map(String.init)
        let group = parts[0].split(separator: ".", maxSplits: 1).map(String.init)
        var attributes = AuthorizationAttributes(
            user: UserInfo(name: "system:node:\(node)", groups: ["system:nodes", "system:authenticated"]), verb: verb,
            apiGroup: group.count > 1 ? group[1] : "", resource: group[0], subresource: parts.count > 1 ? parts[1] : "", namespace: namespace,
            name: name)
        attributes.fieldSelector = selector
        return authorizer.authorize(attributes)
    }

    @Test(
        arguments: [
            ("get", "secrets", "ns", "pull", true), ("get", "secrets", "ns", "env", true), ("watch", "secrets", "ns", "from", true),
            ("list", "secrets", "ns", "vol", true), ("get", "secrets", "ns", "proj", true), ("get", "secrets", "storage", "stage", true),
            ("get", "secrets", "ns", "other", false), ("get", "secrets", "ns", "wished", false), ("get", "secrets", "other", "vol", false),
            ("list", "secrets", "ns", "", false), ("list", "secrets", "", "", false), ("get", "secrets", "ns", "stage", false),
            ("update", "secrets", "ns", "vol", false), ("delete", "secrets", "ns", "vol", false), ("get", "secrets/status", "ns", "vol", false),
            ("get", "secrets/other", "ns", "vol", false),
            ("get", "configmaps", "ns", "all", true), ("watch", "configmaps", "ns", "root", true),
            ("get", "configmaps", "kube-system", "kubeadm-config", false),
            ("get", "persistentvolumeclaims", "ns", "claim", true), ("get", "persistentvolumeclaims", "ns", "p1-scratch", true),
            ("list", "persistentvolumeclaims", "ns", "claim", false), ("get", "persistentvolumeclaims", "ns", "else", false),
            ("get", "persistentvolumes", "", "pv", true), ("get", "persistentvolumes", "", "forged", false),
            ("list", "persistentvolumes", "", "", false),
            ("get", "resourceclaims.resource.k8s.io", "ns", "gpu", true), ("get", "resourceclaims.resource.k8s.io", "ns", "tpu", false),
            ("get", "volumeattachments.storage.k8s.io", "", "a1", true), ("list", "volumeattachments.storage.k8s.io", "", "", false),
            ("create", "serviceaccounts/token", "ns", "sa1", true), ("create", "serviceaccounts/token", "ns", "sa2", false),
            ("create", "serviceaccounts/token", "ns", "admin", false), ("create", "serviceaccounts/token", "kube-system", "sa1", false),
            ("get", "serviceaccounts", "ns", "sa1", true), ("list", "serviceaccounts", "ns", "", false),
            ("get", "nodes", "", "n1", true), ("get", "nodes", "", "n2", false), ("list", "nodes", "", "", false), ("list", "nodes", "", "n1", true),
            ("create", "nodes", "", "", true), ("patch", "nodes/status", "", "n1", true), ("delete", "nodes", "", "n1", false),
            ("get", "nodes/proxy", "", "n1", false), ("create", "nodes/proxy", "", "n2", false),
            ("get", "pods", "ns", "p1", true), ("get", "pods", "ns", "p2", false), ("list", "pods", "", "", false),
            ("delete", "pods", "ns", "p1", true),
            ("get", "pods/log", "ns", "p1", false), ("create", "pods/exec", "ns", "p1", false), ("patch", "pods/status", "ns", "p1", true),
            ("get", "leases.coordination.k8s.io", "kube-node-lease", "n1", true),
            ("update", "leases.coordination.k8s.io", "kube-node-lease", "n2", false),
            ("update", "leases.coordination.k8s.io", "kube-system", "n1", false),
            ("create", "leases.coordination.k8s.io", "kube-node-lease", "", true),
            ("get", "csinodes.storage.k8s.io", "", "n1", true), ("get", "csinodes.storage.k8s.io", "", "n2", false),
            ("get", "clusterroles.rbac.authorization.k8s.io", "", "x", false), ("impersonate", "users", "", "root", false),
            ("create", "subjectaccessreviews.authorization.k8s.io", "", "", true),
            ("create", "certificatesigningrequests.certificates.k8s.io", "", "", true),
            ("update", "certificatesigningrequests.certificates.k8s.io/approval", "", "x", false),
        ] as [(String, String, String, String, Bool)])
    func aKubeletAndItsPods(verb: String, target: String, namespace: String, name: String, allowed: Bool) {
        #expect(ask(verb, target, namespace, name).isAllowed == allowed)
    }

    @Test func podsAreListedByNode() {
        #expect(ask("list", "pods", "", "", selector: "spec.nodeName=n1").isAllowed)
        #expect(ask("watch", "pods", "", "", selector: "metadata.namespace!=x,spec.nodeName=n1").isAllowed)
        #expect(!ask("watch", "pods", "", "", selector: "spec.nodeName=n2").isAllowed)
        #expect(!ask("watch", "pods", "", "", selector: "spec.nodeName!=n1").isAllowed)
        #expect(!ask("watch", "pods", "", "", selector: "spec.nodeName=n12").isAllowed)
        #expect(
            ask("get", "secrets", "ns", "other").reason == "no relationship found between node 'n1' and this object")
        // Who only calls itself a node is none.
        let pretender = AuthorizationAttributes(user: UserInfo(name: "system:node:n1"), verb: "get", resource: "nodes", name: "n1")
        #expect(!authorizer.authorize(pretender).isAllowed)
        #expect(NodeAuthorizer.nodeName(of: UserInfo(name: "system:node:", groups: ["system:nodes"])) == nil)
    }
}
