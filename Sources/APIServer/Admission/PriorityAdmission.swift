import JSON

/// Turns the name of a pod's priority class into a number, and keeps to one default class.
struct PriorityAdmission: MutatingAdmission, ValidatingAdmission {
    let name = "Priority"

    func mutate(_ review: inout AdmissionReview) throws(APIStatus) {
        guard review.isPod, let pod = review.object else { return }
        if review.operation == .update {
            // What was decided stays.
            guard let old = review.old else { return }
            if pod.at("spec", "priority") == nil { review.object?["spec"]?.take("priority", from: old["spec"] ?? [:]) }
            if pod.at("spec", "preemptionPolicy") == nil { review.object?["spec"]?.take("preemptionPolicy", from: old["spec"] ?? [:]) }
            return
        }
        guard review.operation == .create, let spec = pod["spec"] else { return }
        var value: Int64 = 0
        var policy = "PreemptLowerPriority"
        let className = spec.text("priorityClassName")
        if className.isEmpty {
            if let standard = defaultClass(review) {
                review.object?["spec"]?["priorityClassName"] = standard.at("metadata", "name")
                value = standard.number("value")
                policy = standard.text("preemptionPolicy")
            }
        } else {
            guard let named = review.cluster.object(group: "scheduling.k8s.io", resource: "priorityclasses", namespace: "", name: className) else {
                throw review.forbidden("no PriorityClass with name \(className) was found")
            }
            value = named.number("value")
            policy = named.text("preemptionPolicy")
        }
        if let stated = pod.at("spec", "priority")?.integerValue, stated != value {
            throw review.forbidden(
                "the integer value of priority (\(stated)) must not be provided in pod spec; priority admission controller computed \(value) from the given PriorityClass name"
            )
        }
        if policy.isEmpty { policy = "PreemptLowerPriority" }
        let stated = pod.text("spec", "preemptionPolicy")
        if !stated.isEmpty, stated != policy {
            throw review.forbidden(
                "the string value of PreemptionPolicy (\(stated)) must not be provided in pod spec; priority admission controller computed \(policy) from the given PriorityClass name"
            )
        }
        changeSpec(&review) { spec in
            spec["priority"] = .integer(value)
            spec["preemptionPolicy"] = .string(policy)
        }
    }

    private func changeSpec(_ review: inout AdmissionReview, _ body: (inout JSONValue) -> Void) {
        guard var pod = review.takeObject() else { return }
        pod.edit("spec", body)
        review.object = pod
    }

    /// Of several default classes the one with the lowest value counts.
    private func defaultClass(_ review: AdmissionReview) -> JSONValue? {
        review.cluster.objects(group: "scheduling.k8s.io", resource: "priorityclasses", namespace: nil)
            .filter { $0["globalDefault"]?.boolValue == true }
            .min { $0.number("value") < $1.number("value") }
    }

    func validate(_ review: inout AdmissionReview) throws(APIStatus) {
        guard review.isFor("scheduling.k8s.io", "priorityclasses"), review.operation == .create || review.operation == .update,
            review.object?["globalDefault"]?.boolValue == true
        else { return }
        if let other = defaultClass(review), other.text("metadata", "name") != review.object?.text("metadata", "name") {
            throw review.forbidden(
                "PriorityClass \(other.text("metadata", "name")) is already marked as default. Only one default can exist")
        }
    }
}
