import JSON

/// Gives every pod a service account, and mounts the account's token, the cluster's CA and the namespace's name.
struct ServiceAccountAdmission: MutatingAdmission, ValidatingAdmission {
    let name = "ServiceAccount"
    static let mountPath = "/var/run/secrets/kubernetes.io/serviceaccount"
    private static let mirrorAnnotation = "kubernetes.io/config.mirror"

    func mutate(_ review: inout AdmissionReview) throws(APIStatus) {
        guard review.isPod, review.operation == .create, review.object?.at("metadata", "annotations", Self.mirrorAnnotation) == nil,
            var pod = review.takeObject()
        else { return }
        pod.editOrMake("spec") { spec in
            spec.setDefaultString("serviceAccountName", "default")
            PodSpecDefaults.mirrorServiceAccount(&spec)
        }
        let account = try account(of: pod, review)
        if mountsToken(pod, account) { mountToken(&pod) }
        if pod.list("spec", "imagePullSecrets").isEmpty, !account.list("imagePullSecrets").isEmpty {
            pod["spec"]?["imagePullSecrets"] = account["imagePullSecrets"]
        }
        review.object = pod
    }

    func validate(_ review: inout AdmissionReview) throws(APIStatus) {
        guard review.isPod, review.operation == .create, let pod = review.object else { return }
        if pod.at("metadata", "annotations", Self.mirrorAnnotation) != nil {
            if !pod.text("spec", "serviceAccountName").isEmpty { throw review.forbidden("a mirror pod may not reference service accounts") }
            return
        }
        _ = try account(of: pod, review)
    }

    private func account(of pod: JSONValue, _ review: AdmissionReview) throws(APIStatus) -> JSONValue {
        let name = pod.text("spec", "serviceAccountName")
        guard let account = review.cluster.object(group: "", resource: "serviceaccounts", namespace: review.namespace, name: name) else {
            throw review.forbidden(
                "error looking up service account \(review.namespace)/\(name): serviceaccount \(goQuoted(name)) not found")
        }
        return account
    }

    /// The pod's word counts more than the account's.
    private func mountsToken(_ pod: JSONValue, _ account: JSONValue) -> Bool {
        pod.at("spec", "automountServiceAccountToken")?.boolValue ?? account["automountServiceAccountToken"]?.boolValue ?? true
    }

    private func mountToken(_ pod: inout JSONValue) {
        pod.edit("spec") { spec in
            let existing = spec.list("volumes").first { $0.text("name").hasPrefix("kube-api-access-") }
            let volumeName = existing?.text("name") ?? UID.name(from: "kube-api-access-")
            var needed = false
            let mount: JSONValue = ["name": .string(volumeName), "readOnly": true, "mountPath": .string(Self.mountPath)]
            for list in ["initContainers", "containers"] {
                spec.editEach(list) { container in
                    let mounts = container.list("volumeMounts")
                    if mounts.contains(where: { $0.text("mountPath") == Self.mountPath }) { return }
                    container["volumeMounts"] = .array(mounts + [mount])
                    needed = true
                }
            }
            guard needed, existing == nil else { return }
            spec["volumes"] = .array(spec.list("volumes") + [["name": .string(volumeName), "projected": Self.projection]])
        }
    }

    private static let projection: JSONValue = [
        "sources": [
            ["serviceAccountToken": ["expirationSeconds": 3607, "path": "token"]],
            ["configMap": ["name": "kube-root-ca.crt", "items": [["key": "ca.crt", "path": "ca.crt"]]]],
            ["downwardAPI": ["items": [["path": "namespace", "fieldRef": ["apiVersion": "v1", "fieldPath": "metadata.namespace"]]]]],
        ],
        "defaultMode": 420,
    ]
}
