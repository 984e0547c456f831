import JSON
import KubernetesAPI

/// A claim grows only when it has a volume, and when the class of that volume allows it.
struct PersistentVolumeClaimResize: ValidatingAdmission {
    let name = "PersistentVolumeClaimResize"

    func validate(_ review: inout AdmissionReview) throws(APIStatus) {
        guard review.isFor("", "persistentvolumeclaims"), review.subresource.isEmpty, review.operation == .update,
            let claim = review.object, let old = review.old, let wanted = Self.size(claim), let held = Self.size(old), held < wanted
        else { return }
        guard claim.text("status", "phase") == "Bound" else {
            throw review.forbidden("Only bound persistent volume claims can be expanded")
        }
        let beta = claim.at("metadata", "annotations")?.text("volume.beta.kubernetes.io/storage-class") ?? ""
        let className = beta.isEmpty ? claim.text("spec", "storageClassName") : beta
        let storageClass = review.cluster.object(group: "storage.k8s.io", resource: "storageclasses", namespace: "", name: className)
        guard storageClass?["allowVolumeExpansion"]?.boolValue == true else {
            throw review.forbidden(
                "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize")
        }
    }

    private static func size(_ claim: JSONValue) -> Quantity? {
        (claim.at("spec", "resources", "requests", "storage")?.stringValue).flatMap { Quantity($0) }
    }
}
