import JSON
import KubernetesAPI
import PKI

/// A kubelet may change its own node, its own lease and the pods that are bound to its node, and nothing of other nodes; and of its own node
/// nothing by which it would draw pods or rights to itself.
struct NodeRestriction: ValidatingAdmission {
    let name = "NodeRestriction"
    private static let mirrorAnnotation = "kubernetes.io/config.mirror"

    func validate(_ review: inout AdmissionReview) throws(APIStatus) {
        guard let node = NodeAuthorizer.nodeName(of: review.context.user) else { return }
        let resource = review.resource.type
        switch (resource.group, resource.plural) {
        case ("", "nodes"): try NodeChange(review: review, node: node).check()
        case ("", "pods"): try pod(review, node)
        case ("", "persistentvolumeclaims"): try volumeClaim(review, node)
        case ("coordination.k8s.io", "leases"):
            if review.namespace != "kube-node-lease" {
                throw review.forbidden("can only access leases in the \"kube-node-lease\" system namespace")
            }
            if review.name != node { throw review.forbidden("can only access node lease with the same name as the requesting node") }
        case ("storage.k8s.io", "csinodes"):
            if review.name != node { throw review.forbidden("can only access CSINode with the same name as the requesting node") }
        case ("resource.k8s.io", "resourceslices"):
            if (review.object ?? review.old)?.text("spec", "nodeName") != node {
                throw review.forbidden("can only create ResourceSlice with the same NodeName as the requesting node")
            }
        case ("certificates.k8s.io", "certificatesigningrequests"): try certificate(review, node)
        case ("certificates.k8s.io", "podcertificaterequests"): try podCertificate(review, node)
        default: break
        }
    }

    private func pod(_ review: AdmissionReview, _ node: String) throws(APIStatus) {
        let current = review.old ?? (review.operation == .create && review.subresource.isEmpty ? nil : stored(review))
        let boundTo = (current ?? review.object)?["spec"]?["nodeName"]?.stringValue
        switch (review.operation, review.subresource) {
        case (.create, ""): try mirrorPod(review, node)
        case (.create, "eviction"):
            if boundTo != node { throw review.forbidden("node \(goQuoted(node)) can only evict pods with spec.nodeName set to itself") }
        case (.update, "status"):
            if boundTo != node {
                throw review.forbidden("node \(goQuoted(node)) can only update pod status for pods with spec.nodeName set to itself")
            }
            if let old = review.old, (old.at("metadata", "labels") ?? [:]) != (review.object?.at("metadata", "labels") ?? [:]) {
                throw review.forbidden("node \(goQuoted(node)) cannot update labels through pod status")
            }
            if let old = review.old, old.at("status", "resourceClaimStatuses") != review.object?.at("status", "resourceClaimStatuses") {
                throw review.forbidden("node \(goQuoted(node)) cannot update resource claim statues")
            }
        case (.delete, ""):
            if boundTo != node { throw review.forbidden("node \(goQuoted(node)) can only delete pods with spec.nodeName set to itself") }
        default:
            throw review.forbidden(
                "unexpected operation \(goQuoted(review.operation.rawValue)), node \(goQuoted(node)) can only create and delete mirror pods")
        }
    }

    /// A kubelet shows the pods that it has from files, and those refer to nothing in the API.
    private func mirrorPod(_ review: AdmissionReview, _ node: String) throws(APIStatus) {
        let pod = review.object ?? [:]
        guard pod.at("metadata", "annotations", Self.mirrorAnnotation) != nil else {
            throw review.forbidden(
                "pod does not have \(goQuoted(Self.mirrorAnnotation)) annotation, node \(goQuoted(node)) can only create mirror pods")
        }
        if pod.text("spec", "nodeName") != node {
            throw review.forbidden("node \(goQuoted(node)) can only create pods with spec.nodeName set to itself")
        }
        let owners = pod.list("metadata", "ownerReferences")
        if owners.count > 1 || !owners.allSatisfy({ $0.text("kind") == "Node" && $0.text("apiVersion") == "v1" && $0.text("name") == node }) {
            throw review.forbidden("node \(goQuoted(node)) can only create pods with an owner reference set to itself")
        }
        if let owner = owners.first {
            if owner["controller"]?.boolValue != true {
                throw review.forbidden("node \(goQuoted(node)) can only create pods with a controller owner reference set to itself")
            }
            if owner["blockOwnerDeletion"]?.boolValue == true {
                throw review.forbidden("node \(goQuoted(node)) must not set blockOwnerDeletion on an owner reference")
            }
            if let known = review.cluster.object(group: "", resource: "nodes", namespace: "", name: node),
                known.text("metadata", "uid") != owner.text("uid")
            {
                throw review.forbidden("node \(goQuoted(node)) UID mismatch: expected \(known.text("metadata", "uid")) got \(owner.text("uid"))")
            }
        }
        let refused: [(String, Bool)] = [
            ("a service account", !pod.text("spec", "serviceAccountName").isEmpty), ("secrets", !PodReferences.secrets(pod).isEmpty),
            ("configmaps", !PodReferences.configMaps(pod).isEmpty), ("persistentvolumeclaims", !PodReferences.volumeClaims(pod).isEmpty),
            ("resourceclaims", !pod.list("spec", "resourceClaims").isEmpty),
        ]
        for (what, refers) in refused where refers { throw review.forbidden("node \(goQuoted(node)) can not create pods that reference \(what)") }
    }

    private func volumeClaim(_ review: AdmissionReview, _ node: String) throws(APIStatus) {
        guard review.operation == .update, review.subresource == "status", let old = review.old, let new = review.object else {
            throw review.forbidden("may only update PVC status")
        }
        // What a node knows of a claim is how far its volume has grown.
        func rest(_ claim: JSONValue) -> JSONValue {
            var claim = claim
            claim["status"] = nil
            claim["metadata"]?["managedFields"] = nil
            claim["metadata"]?["resourceVersion"] = nil
            return claim
        }
        if rest(old) != rest(new) { throw review.forbidden("node \(goQuoted(node)) is not allowed to update fields other than status") }
    }

    /// A node asks for certificates for itself alone.
    private func certificate(_ review: AdmissionReview, _ node: String) throws(APIStatus) {
        guard review.operation == .create, review.subresource.isEmpty, let object = review.object,
            ["kubernetes.io/kube-apiserver-client-kubelet", "kubernetes.io/kubelet-serving"].contains(object.text("spec", "signerName"))
        else { return }
        let user = review.context.user.name
        do {
            let request = try SigningRequest(pem: Base64.decode(object.text("spec", "request")) ?? [])
            if request.commonName == user { return }
        } catch {
            throw review.forbidden("unable to parse csr: \(error)")
        }
        throw review.forbidden("can only create a node CSR with CN=\(user)")
    }

    /// A node asks for certificates for the pods that it runs, in the name of their service accounts.
    private func podCertificate(_ review: AdmissionReview, _ node: String) throws(APIStatus) {
        guard review.operation == .create, review.subresource.isEmpty, let spec = review.object?["spec"] else {
            throw review.forbidden("unexpected operation \(goQuoted(review.operation.rawValue)), a node can only create PodCertificateRequests")
        }
        if spec.text("nodeName") != node {
            throw review.forbidden(
                "PodCertificateRequest.Spec.NodeName=\(goQuoted(spec.text("nodeName"))), which is not the requesting node \(goQuoted(node))")
        }
        func known(_ resource: String, _ what: String, _ namespace: String, _ name: String, _ uid: String) throws(APIStatus) -> JSONValue {
            guard let object = review.cluster.object(group: "", resource: resource, namespace: namespace, name: name) else {
                throw review.forbidden("PodCertificateRequest names \(what) \(goQuoted(name)), which does not exist")
            }
            if object.text("metadata", "uid") == uid { return object }
            throw review.forbidden(
                "PodCertificateRequest names \(what) UID \(goQuoted(uid)), inconsistent with the existing one (\(goQuoted(object.text("metadata", "uid"))))"
            )
        }
        let (podName, account) = (spec.text("podName"), spec.text("serviceAccountName"))
        _ = try known("nodes", "node", "", node, spec.text("nodeUID"))
        let pod = try known("pods", "pod", review.namespace, podName, spec.text("podUID"))
        let shown = goQuoted("\(review.namespace)/\(podName)")
        if pod.text("spec", "nodeName") != node { throw review.forbidden("pod \(shown) is not running on node \(goQuoted(node))") }
        if pod.at("metadata", "annotations", Self.mirrorAnnotation) != nil { throw review.forbidden("pod \(shown) is a mirror pod") }
        if pod.text("spec", "serviceAccountName") != account {
            throw review.forbidden(
                "PodCertificateRequest for pod \(shown) contains serviceAccountName (\(goQuoted(account))) that differs from running pod (\(goQuoted(pod.text("spec", "serviceAccountName"))))"
            )
        }
        _ = try known("serviceaccounts", "service account", review.namespace, account, spec.text("serviceAccountUID"))
    }

    private func stored(_ review: AdmissionReview) -> JSONValue? {
        review.cluster.object(group: "", resource: "pods", namespace: review.namespace, name: review.name)
    }
}

/// A kubelet's change of a node object.
private struct NodeChange {
    let review: AdmissionReview
    let node: String

    /// Labels with this in their key are the administrators' alone.
    private static let restricted = "node-restriction.kubernetes.io"
    private static let ownLabels: Set<String> = [
        "kubernetes.io/hostname", "topology.kubernetes.io/zone", "topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/zone",
        "failure-domain.beta.kubernetes.io/region", "node.kubernetes.io/instance-type", "beta.kubernetes.io/instance-type", "kubernetes.io/os",
        "kubernetes.io/arch", "beta.kubernetes.io/os", "beta.kubernetes.io/arch", "node.kubernetes.io/exclude-from-external-load-balancers",
    ]
    private static let ownDomains = ["kubelet.kubernetes.io", "node.kubernetes.io"]

    func check() throws(APIStatus) {
        if review.name != node { throw review.forbidden("node \(goQuoted(node)) is not allowed to modify node \(goQuoted(review.name))") }
        guard let new = review.object else { return }
        let changed = changedLabels(new)
        if review.operation == .create {
            let forbidden = changed.filter(Self.isForbidden)
            if !forbidden.isEmpty { throw review.forbidden("node \(goQuoted(node)) is not allowed to set the following labels: \(list(forbidden))") }
            return
        }
        guard let old = review.old else { return }
        if (old.at("metadata", "ownerReferences") ?? []) != (new.at("metadata", "ownerReferences") ?? []) {
            throw review.forbidden("node \(goQuoted(node)) is not allowed to modify ownerReferences")
        }
        if review.subresource.isEmpty {
            if old.at("spec", "configSource") != new.at("spec", "configSource") {
                throw review.forbidden("node \(goQuoted(node)) cannot update configSource to a new non-nil configSource")
            }
            if (old.at("spec", "taints") ?? []) != (new.at("spec", "taints") ?? []) {
                throw review.forbidden("node \(goQuoted(node)) is not allowed to modify taints")
            }
        }
        let forbidden = changed.filter(Self.isForbidden)
        if !forbidden.isEmpty { throw review.forbidden("is not allowed to modify labels: \(list(forbidden))") }
    }

    private func list(_ labels: [String]) -> String { labels.sorted().joined(separator: ", ") }

    private func changedLabels(_ new: JSONValue) -> [String] {
        let before = review.old?.at("metadata", "labels")?.objectValue ?? [:]
        let after = new.at("metadata", "labels")?.objectValue ?? [:]
        return after.filter { before[$0.key] != $0.value }.map(\.key) + before.filter { after[$0.key] == nil }.map(\.key)
    }

    private static func isForbidden(_ label: String) -> Bool {
        guard let slash = label.firstIndex(of: "/") else { return false }
        let domain = String(label[..<slash])
        func isIn(_ parent: String) -> Bool { domain == parent || domain.hasSuffix("." + parent) }
        if isIn(restricted) { return true }
        guard isIn("kubernetes.io") || isIn("k8s.io") else { return false }
        return !ownLabels.contains(label) && !ownDomains.contains(where: isIn)
    }
}
