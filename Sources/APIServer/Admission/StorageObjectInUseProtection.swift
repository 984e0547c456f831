import JSON

/// Volumes and claims are not removed while something uses them; the protecting controllers take the finalizers away.
struct StorageObjectInUseProtection: MutatingAdmission {
    let name = "StorageObjectInUseProtection"

    func mutate(_ review: inout AdmissionReview) throws(APIStatus) {
        guard review.operation == .create, review.subresource.isEmpty, let object = review.object else { return }
        let finalizer: JSONValue
        if review.isFor("", "persistentvolumeclaims") {
            finalizer = "kubernetes.io/pvc-protection"
        } else if review.isFor("", "persistentvolumes") {
            finalizer = "kubernetes.io/pv-protection"
        } else {
            return
        }
        let finalizers = object.list("metadata", "finalizers")
        if !finalizers.contains(finalizer) { review.object?["metadata"]?["finalizers"] = .array(finalizers + [finalizer]) }
    }
}
