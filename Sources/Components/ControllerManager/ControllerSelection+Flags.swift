import ControllerManager
import Flags

extension ControllerSelection {
    /// From `--controllers`: `*`, `name`, `-name`. Names of upstream's that we do not have may be named; others are an error.
    ///
    /// - Throws: `FlagProblem` with the name that is none.
    init(_ items: [String]) throws(FlagProblem) {
        self.init()
        includesDefaults = items.contains("*")
        for item in items where item != "*" {
            let name = item.hasPrefix("-") ? String(item.dropFirst()) : item
            let full = Self.aliases[name] ?? name
            guard Self.upstream.contains(full) else { throw FlagProblem("--controllers: there is no controller \"\(name)\"") }
            if item.hasPrefix("-") { excluded.insert(full) } else { included.insert(full) }
        }
    }

    /// Short names that upstream still takes.
    private static let aliases = [
        "bootstrapsigner": "bootstrap-signer-controller", "tokencleaner": "token-cleaner-controller",
        "garbagecollector": "garbage-collector-controller",
        "nodeipam": "node-ipam-controller", "nodelifecycle": "node-lifecycle-controller", "replicaset": "replicaset-controller",
        "deployment": "deployment-controller", "namespace": "namespace-controller", "serviceaccount": "serviceaccount-controller",
        "endpoint": "endpoints-controller", "endpointslice": "endpointslice-controller", "podgc": "pod-garbage-collector-controller",
        "csrsigning": "certificatesigningrequest-signing-controller", "csrapproving": "certificatesigningrequest-approving-controller",
        "csrcleaner": "certificatesigningrequest-cleaner-controller", "root-ca-cert-publisher": "root-ca-certificate-publisher-controller",
        "job": "job-controller", "cronjob": "cronjob-controller", "daemonset": "daemonset-controller", "statefulset": "statefulset-controller",
        "horizontalpodautoscaling": "horizontal-pod-autoscaler-controller", "disruption": "disruption-controller", "ttl": "ttl-controller",
        "resourcequota": "resourcequota-controller", "replicationcontroller": "replicationcontroller-controller",
        "ttl-after-finished": "ttl-after-finished-controller", "attachdetach": "persistentvolume-attach-detach-controller",
        "persistentvolume-binder": "persistentvolume-binder-controller", "persistentvolume-expander": "persistentvolume-expander-controller",
        "pvc-protection": "persistentvolumeclaim-protection-controller", "pv-protection": "persistentvolume-protection-controller",
        "ephemeral-volume": "ephemeral-volume-controller", "endpointslicemirroring": "endpointslice-mirroring-controller",
        "clusterrole-aggregation": "clusterrole-aggregation-controller", "serviceaccount-token": "serviceaccount-token-controller",
        "cloud-node-lifecycle": "cloud-node-lifecycle-controller", "route": "node-route-controller", "service": "service-lb-controller",
    ]

    /// All of upstream's.
    private static let upstream: Set<String> = Set(aliases.values).union([
        "taint-eviction-controller", "resourceclaim-controller", "legacy-serviceaccount-token-cleaner-controller",
        "storageversion-garbage-collector-controller",
        "storage-version-migrator-controller", "validatingadmissionpolicy-status-controller",
        "kube-apiserver-serving-clustertrustbundle-publisher-controller",
        "volumeattributesclass-protection-controller", "selinux-warning-controller", "device-taint-eviction-controller", "service-cidr-controller",
        "podcertificaterequest-cleaner-controller",
    ])
}
