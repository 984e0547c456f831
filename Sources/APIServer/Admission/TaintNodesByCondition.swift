import JSON

/// A new node takes no pods before it has said that it is ready.
struct TaintNodesByCondition: MutatingAdmission {
    let name = "TaintNodesByCondition"

    func mutate(_ review: inout AdmissionReview) throws(APIStatus) {
        guard review.isFor("", "nodes"), review.subresource.isEmpty, review.operation == .create, let node = review.object else { return }
        let taint: JSONValue = ["key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"]
        let taints = node.list("spec", "taints")
        if taints.contains(where: { $0.text("key") == taint.text("key") && $0.text("effect") == taint.text("effect") }) { return }
        review.object?.setPath(["spec", "taints"], .array(taints + [taint]))
    }
}
