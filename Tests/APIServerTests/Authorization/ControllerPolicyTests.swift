import JSON
import Testing

@testable import APIServer

/// Rows of the default policy: what components may and what they may not.
@Suite struct ControllerPolicyTests {
    private static let authorizer = RBACAuthorizer(source: FakeRBACSource(DefaultPolicy.shared.objects))

    @Test(
        arguments: [
            ("replicaset-controller", "create", "pods", true), ("replicaset-controller", "update", "replicasets.apps/status", true),
            ("replicaset-controller", "get", "secrets", false), ("replicaset-controller", "delete", "replicasets.apps", false),
            ("deployment-controller", "create", "replicasets.apps", true), ("deployment-controller", "create", "pods", false),
            ("endpoint-controller", "update", "endpoints", true), ("endpoint-controller", "update", "services", false),
            ("endpointslice-controller", "delete", "endpointslices.discovery.k8s.io", true), ("endpointslice-controller", "create", "pods", false),
            ("namespace-controller", "deletecollection", "secrets", true), ("namespace-controller", "create", "secrets", false),
            ("namespace-controller", "update", "namespaces/finalize", true), ("namespace-controller", "update", "namespaces", false),
            ("generic-garbage-collector", "delete", "pods", true), ("generic-garbage-collector", "create", "pods", false),
            ("node-controller", "patch", "nodes", true), ("node-controller", "delete", "pods", true), ("node-controller", "create", "pods", false),
            ("pod-garbage-collector", "delete", "pods", true), ("pod-garbage-collector", "delete", "nodes", false),
            ("root-ca-cert-publisher", "create", "configmaps", true), ("root-ca-cert-publisher", "get", "secrets", false),
            ("service-account-controller", "create", "serviceaccounts", true),
            ("service-account-controller", "create", "serviceaccounts/token", false),
            ("certificate-controller", "update", "certificatesigningrequests.certificates.k8s.io/approval", true),
            ("certificate-controller", "create", "certificatesigningrequests.certificates.k8s.io", false),
            ("clusterrole-aggregation-controller", "escalate", "clusterroles.rbac.authorization.k8s.io", true),
            ("clusterrole-aggregation-controller", "create", "clusterrolebindings.rbac.authorization.k8s.io", false),
            ("job-controller", "create", "pods", true), ("job-controller", "create", "jobs.batch", false),
            ("cronjob-controller", "create", "jobs.batch", true), ("cronjob-controller", "create", "pods", false),
            ("daemon-set-controller", "create", "controllerrevisions.apps", true), ("daemon-set-controller", "update", "nodes", false),
            ("statefulset-controller", "create", "persistentvolumeclaims", true), ("statefulset-controller", "delete", "secrets", false),
            ("horizontal-pod-autoscaler", "update", "deployments.apps/scale", true),
            ("horizontal-pod-autoscaler", "update", "deployments.apps", false),
            ("disruption-controller", "update", "poddisruptionbudgets.policy/status", true), ("disruption-controller", "delete", "pods", false),
            ("ttl-after-finished-controller", "delete", "jobs.batch", true), ("ttl-after-finished-controller", "delete", "pods", false),
            ("resourcequota-controller", "list", "widgets.example.com", true), ("resourcequota-controller", "update", "resourcequotas", false),
            ("persistent-volume-binder", "create", "persistentvolumes", true), ("persistent-volume-binder", "get", "secrets", false),
            ("bootstrap-signer", "list", "secrets", false), ("token-cleaner", "delete", "secrets", false),
            ("nobody-controller", "list", "pods", false),
        ] as [(String, String, String, Bool)])
    func eachControllerHasItsOwnRights(account: String, verb: String, target: String, allowed: Bool) {
        #expect(may(.serviceAccount(namespace: "kube-system", name: account), verb, target) == allowed)
        // The same account of another namespace is somebody else.
        #expect(!may(.serviceAccount(namespace: "default", name: account), verb, target))
    }

    @Test func signersAreNamed() {
        let controller = UserInfo.serviceAccount(namespace: "kube-system", name: "certificate-controller")
        func may(_ verb: String, _ signer: String) -> Bool { SignerRights.may(verb, signer, controller, Self.authorizer) }
        #expect(may("sign", "kubernetes.io/kubelet-serving"))
        #expect(may("approve", "kubernetes.io/kube-apiserver-client-kubelet"))
        #expect(!may("approve", "kubernetes.io/kubelet-serving"))
        #expect(!may("sign", "example.com/x"))
        let source = FakeRBACSource([])
        source.add(
            .clusterRole,
            [
                "metadata": ["name": "r"],
                "rules": [["verbs": ["sign"], "apiGroups": ["certificates.k8s.io"], "resources": ["signers"], "resourceNames": ["example.com/*"]]],
            ])
        source.add(
            .clusterRoleBinding,
            ["metadata": ["name": "b"], "roleRef": ["kind": "ClusterRole", "name": "r"], "subjects": [["kind": "User", "name": "ana"]]])
        let authorizer = RBACAuthorizer(source: source)
        #expect(SignerRights.may("sign", "example.com/x", UserInfo(name: "ana"), authorizer))
        #expect(!SignerRights.may("sign", "example.org/x", UserInfo(name: "ana"), authorizer))
        #expect(!SignerRights.may("approve", "example.com/x", UserInfo(name: "ana"), authorizer))
    }

    private func may(_ user: UserInfo, _ verb: String, _ target: String) -> Bool {
        let parts = target.split(separator: "/").map(String.init)
        let group = parts[0].split(separator: ".", maxSplits: 1).map(String.init)
        return Self.authorizer.authorize(
            AuthorizationAttributes(
                user: user, verb: verb, apiGroup: group.count > 1 ? group[1] : "", resource: group[0], subresource: parts.count > 1 ? parts[1] : "",
                namespace: "default", name: "x")
        ).isAllowed
    }
}
