/// Under whose name each controller works: a service account in `kube-system` with the rights of that controller alone, as upstream's.
package enum ControllerAccounts {
    package static let namespace = "kube-system"

    /// By the controller's name, as `--controllers` takes it.
    private static let accounts: [String: String] = [
        "bootstrap-signer-controller": "bootstrap-signer",
        "certificatesigningrequest-approving-controller": "certificate-controller",
        "certificatesigningrequest-cleaner-controller": "certificate-controller",
        "certificatesigningrequest-signing-controller": "certificate-controller",
        "clusterrole-aggregation-controller": "clusterrole-aggregation-controller",
        "cronjob-controller": "cronjob-controller",
        "daemonset-controller": "daemon-set-controller",
        "deployment-controller": "deployment-controller",
        "disruption-controller": "disruption-controller",
        "endpoints-controller": "endpoint-controller",
        "endpointslice-controller": "endpointslice-controller",
        "endpointslice-mirroring-controller": "endpointslicemirroring-controller",
        "ephemeral-volume-controller": "ephemeral-volume-controller",
        "garbage-collector-controller": "generic-garbage-collector",
        "horizontal-pod-autoscaler-controller": "horizontal-pod-autoscaler",
        "job-controller": "job-controller",
        "legacy-serviceaccount-token-cleaner-controller": "legacy-service-account-token-cleaner",
        "namespace-controller": "namespace-controller",
        "node-ipam-controller": "node-controller",
        "node-lifecycle-controller": "node-controller",
        "taint-eviction-controller": "node-controller",
        "persistentvolume-attach-detach-controller": "attachdetach-controller",
        "persistentvolume-binder-controller": "persistent-volume-binder",
        "persistentvolume-expander-controller": "expand-controller",
        "persistentvolume-protection-controller": "pv-protection-controller",
        "persistentvolumeclaim-protection-controller": "pvc-protection-controller",
        "pod-garbage-collector-controller": "pod-garbage-collector",
        "podcertificaterequest-cleaner-controller": "podcertificaterequestcleaner",
        "replicaset-controller": "replicaset-controller",
        "replicationcontroller-controller": "replication-controller",
        "resourceclaim-controller": "resource-claim-controller",
        "resourcequota-controller": "resourcequota-controller",
        "root-ca-certificate-publisher-controller": "root-ca-cert-publisher",
        "service-cidr-controller": "service-cidrs-controller",
        "service-lb-controller": "service-controller",
        "serviceaccount-controller": "service-account-controller",
        "statefulset-controller": "statefulset-controller",
        "token-cleaner-controller": "token-cleaner",
        "ttl-after-finished-controller": "ttl-after-finished-controller",
        "ttl-controller": "ttl-controller",
        "validatingadmissionpolicy-status-controller": "validatingadmissionpolicy-status-controller",
        "volumeattributesclass-protection-controller": "volumeattributesclass-protection-controller",
    ]

    /// Nil for a controller that works under the identity of the controller manager itself.
    package static func account(of controller: String) -> String? { accounts[controller] }

    /// All accounts, each once, sorted.
    package static var all: [String] { Set(accounts.values).sorted() }
}
