import JSON

/// A pod that asks for an extended resource tolerates the taint of that name, by which nodes with such resources are kept for those who need them. Off
/// unless asked for.
struct ExtendedResourceToleration: MutatingAdmission {
    let name = "ExtendedResourceToleration"

    func mutate(_ review: inout AdmissionReview) throws(APIStatus) {
        guard review.isPod, review.operation == .create || review.operation == .update, let pod = review.object else { return }
        var resources: Set<String> = []
        for container in pod.list("spec", "containers") + pod.list("spec", "initContainers") {
            for (resource, _) in container.at("resources", "requests")?.objectValue ?? [:] where Self.isExtended(resource) {
                resources.insert(resource)
            }
        }
        let tolerations = pod.list("spec", "tolerations")
        let missing = resources.sorted().map { resource -> JSONValue in ["key": .string(resource), "operator": "Exists"] }
            .filter { !tolerations.contains($0) }
        guard !missing.isEmpty, var changed = review.takeObject() else { return }
        changed.edit("spec") { $0["tolerations"] = .array(tolerations + missing) }
        review.object = changed
    }

    /// Of a vendor, and neither Kubernetes' own nor a quota's name.
    private static func isExtended(_ resource: String) -> Bool {
        resource.contains("/") && !resource.contains("kubernetes.io/") && !resource.hasPrefix("requests.")
    }
}
