/// Names that clients show and accept and that the published document does not carry.
enum ResourceNames {
    /// By plural; the same in every version of a group.
    static let shortNames: [String: [String]] = [
        "certificatesigningrequests": ["csr"],
        "componentstatuses": ["cs"],
        "configmaps": ["cm"],
        "cronjobs": ["cj"],
        "customresourcedefinitions": ["crd", "crds"],
        "daemonsets": ["ds"],
        "deployments": ["deploy"],
        "endpoints": ["ep"],
        "events": ["ev"],
        "horizontalpodautoscalers": ["hpa"],
        "ingresses": ["ing"],
        "ipaddresses": ["ip"],
        "limitranges": ["limits"],
        "namespaces": ["ns"],
        "networkpolicies": ["netpol"],
        "nodes": ["no"],
        "persistentvolumeclaims": ["pvc"],
        "persistentvolumes": ["pv"],
        "poddisruptionbudgets": ["pdb"],
        "pods": ["po"],
        "priorityclasses": ["pc"],
        "replicasets": ["rs"],
        "replicationcontrollers": ["rc"],
        "resourcequotas": ["quota"],
        "serviceaccounts": ["sa"],
        "services": ["svc"],
        "statefulsets": ["sts"],
        "storageclasses": ["sc"],
        "volumeattributesclasses": ["vac"],
    ]

    /// What `kubectl get all` lists.
    private static let all: Set<String> = [
        "/pods", "/replicationcontrollers", "/services", "apps/daemonsets", "apps/deployments", "apps/replicasets", "apps/statefulsets",
        "autoscaling/horizontalpodautoscalers", "batch/cronjobs", "batch/jobs",
    ]

    private static let extensionGroups: Set<String> = ["admissionregistration.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io"]

    static func categories(group: String, plural: String) -> [String] {
        if all.contains("\(group)/\(plural)") { return ["all"] }
        return extensionGroups.contains(group) ? ["api-extensions"] : []
    }
}
