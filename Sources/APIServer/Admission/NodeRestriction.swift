import JSON
import KubernetesAPI

/// A kubelet may change its own node, its own lease and the pods that are bound to its node, and nothing of other nodes.
struct NodeRestriction: ValidatingAdmission {
    let name = "NodeRestriction"

    func validate(_ review: inout AdmissionReview) throws(APIStatus) {
        let user = review.context.user
        guard NodeAuthorizer.isNode(user) else { return }
        let node = String(user.name.dropFirst("system:node:".count))
        let resource = review.resource.type
        switch (resource.group, resource.plural) {
        case ("", "nodes"):
            if review.name != node { throw review.forbidden("node \(goQuoted(node)) is not allowed to modify node \(goQuoted(review.name))") }
        case ("", "pods"):
            try pod(review, node)
        case ("coordination.k8s.io", "leases"):
            if review.namespace != "kube-node-lease" {
                throw review.forbidden("can only access leases in the \"kube-node-lease\" system namespace")
            }
            if review.name != node { throw review.forbidden("can only access node lease with the same name as the requesting node") }
        case ("storage.k8s.io", "csinodes"):
            if review.name != node { throw review.forbidden("can only access CSINode with the same name as the requesting node") }
        default:
            break
        }
    }

    private func pod(_ review: AdmissionReview, _ node: String) throws(APIStatus) {
        let current = review.old ?? (review.operation == .create && review.subresource.isEmpty ? nil : stored(review))
        let boundTo = (current ?? review.object)?["spec"]?["nodeName"]?.stringValue
        switch (review.operation, review.subresource) {
        case (.create, ""):
            guard review.object?["metadata"]?["annotations"]?["kubernetes.io/config.mirror"] != nil else {
                throw review.forbidden("pod does not have \"kubernetes.io/config.mirror\" annotation, node \(goQuoted(node)) can only create mirror pods")
            }
            if boundTo != node { throw review.forbidden("node \(goQuoted(node)) can only create pods with spec.nodeName set to itself") }
        case (.create, "eviction"):
            if boundTo != node { throw review.forbidden("node \(goQuoted(node)) can only evict pods with spec.nodeName set to itself") }
        case (.update, "status"):
            if boundTo != node { throw review.forbidden("node \(goQuoted(node)) can only update pod status for pods with spec.nodeName set to itself") }
        case (.delete, ""):
            if boundTo != node { throw review.forbidden("node \(goQuoted(node)) can only delete pods with spec.nodeName set to itself") }
        default:
            throw review.forbidden("unexpected operation \(goQuoted(review.operation.rawValue)), node \(goQuoted(node)) can only create and delete mirror pods")
        }
    }

    private func stored(_ review: AdmissionReview) -> JSONValue? {
        review.cluster.object(group: "", resource: "pods", namespace: review.namespace, name: review.name)
    }
}
