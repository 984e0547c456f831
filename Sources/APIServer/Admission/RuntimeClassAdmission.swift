import JSON

/// A pod of a runtime class carries the class's overhead and goes where the class can run.
struct RuntimeClassAdmission: MutatingAdmission {
    let name = "RuntimeClass"

    func mutate(_ review: inout AdmissionReview) throws(APIStatus) {
        guard review.isPod, review.operation == .create, let pod = review.object else { return }
        let className = pod.text("spec", "runtimeClassName")
        guard !className.isEmpty else {
            if pod.at("spec", "overhead")?.isZero == false {
                throw review.forbidden("pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead")
            }
            return
        }
        guard let runtime = review.cluster.object(group: "node.k8s.io", resource: "runtimeclasses", namespace: "", name: className) else {
            throw review.forbidden("pod rejected: RuntimeClass \(goQuoted(className)) not found")
        }
        let overhead = runtime.at("overhead", "podFixed")
        let stated = pod.at("spec", "overhead")
        if let stated, !stated.isZero, stated != overhead {
            throw review.forbidden("pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead")
        }
        if let overhead { review.object?["spec"]?["overhead"] = overhead }
        if let scheduling = runtime["scheduling"] { try schedule(&review, scheduling) }
    }

    private func schedule(_ review: inout AdmissionReview, _ scheduling: JSONValue) throws(APIStatus) {
        for (key, value) in scheduling["nodeSelector"]?.objectValue ?? [:] {
            if let own = review.object?.at("spec", "nodeSelector", key), own != value {
                throw review.forbidden(
                    "conflict: runtimeClass.scheduling.nodeSelector[\(key)] = \(value.stringValue ?? ""); pod.spec.nodeSelector[\(key)] = \(own.stringValue ?? "")"
                )
            }
            review.object?.setPath(["spec", "nodeSelector", key], value)
        }
        let own = review.object?.list("spec", "tolerations") ?? []
        let added = scheduling.list("tolerations").filter { !own.contains($0) }
        if !added.isEmpty { review.object?["spec"]?["tolerations"] = .array(own + added) }
    }
}
