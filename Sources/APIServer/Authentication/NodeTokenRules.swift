import JSON

/// A kubelet is given tokens for the pods of its own node alone, and for those whom the pods' volumes name.
struct NodeTokenRules {
    let node: String
    let namespace: String
    let account: String
    let lookup: ServiceAccountAuthenticator.Lookup

    /// - Parameter bound: the object that the token is to live with.
    func check(_ bound: JSONValue?, audiences: [String]) throws(APIStatus) {
        guard let bound, bound.text("kind") == "Pod", ["", "v1"].contains(bound.text("apiVersion")) else {
            throw forbidden("node requested token not bound to a pod")
        }
        if bound.text("uid").isEmpty { throw forbidden("node requested token with a pod binding without a uid") }
        guard let pod = lookup("pods", namespace, bound.text("name")) else {
            throw .notFound(group: "", resource: "pods", name: bound.text("name"))
        }
        if pod.text("metadata", "uid") != bound.text("uid") {
            throw forbidden(
                "the UID in the bound object reference (\(bound.text("uid"))) does not match the UID in record. The object might have been deleted and then recreated"
            )
        }
        if pod.text("spec", "nodeName") != node { throw forbidden("node requested token bound to a pod scheduled on a different node") }
        let wanted = PodReferences.tokenAudiences(pod)
        for audience in audiences where !wanted.contains(audience) && !isOfDriver(audience, pod) {
            throw forbidden("audience \(goQuoted(audience)) not found in pod spec volume")
        }
    }

    /// Whether a storage driver of one of the pod's volumes asks for tokens of this audience.
    private func isOfDriver(_ audience: String, _ pod: JSONValue) -> Bool {
        pod.list("spec", "volumes").contains { volume in
            let driver = volume.text("csi", "driver")
            guard !driver.isEmpty, let object = lookup("csidrivers.storage.k8s.io", "", driver) else { return false }
            return object.list("spec", "tokenRequests").contains { $0.text("audience") == audience }
        }
    }

    private func forbidden(_ why: String) -> APIStatus { .forbidden(group: "", resource: "serviceaccounts", name: account, why) }
}
