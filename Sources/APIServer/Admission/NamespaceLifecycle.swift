import JSON
import KubernetesAPI

/// Nothing is created in namespaces that are not there or on their way out, and the system's namespaces stay.
struct NamespaceLifecycle: MutatingAdmission {
    let name = "NamespaceLifecycle"
    private static let immortal: Set<String> = ["default", "kube-system", "kube-public"]

    func mutate(_ review: inout AdmissionReview) throws(APIStatus) {
        if review.isFor("", "namespaces") {
            if review.operation == .delete, Self.immortal.contains(review.name) {
                throw review.forbidden("this namespace may not be deleted")
            }
            return
        }
        guard !review.namespace.isEmpty, review.operation == .create else { return }
        // Asking who may do what concerns no namespace's life.
        if review.resource.type.group == "authorization.k8s.io" { return }
        guard let namespace = review.cluster.object(group: "", resource: "namespaces", namespace: "", name: review.namespace) else {
            throw .notFound(group: "", resource: "namespaces", name: review.namespace)
        }
        guard namespace.text("status", "phase") == "Terminating" else { return }
        var status = review.forbidden("unable to create new content in namespace \(review.namespace) because it is being terminated")
        status.details?.causes = [
            APIStatus.Cause(
                reason: "NamespaceTerminating", message: "namespace \(review.namespace) is being terminated", field: "metadata.namespace")
        ]
        throw status
    }
}
