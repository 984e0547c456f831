import JSON

/// Every container's image is pulled anew each time, so that only those get an image who may pull it. Off unless asked for.
struct AlwaysPullImages: MutatingAdmission, ValidatingAdmission {
    let name = "AlwaysPullImages"
    private static let lists = ["initContainers", "containers", "ephemeralContainers"]

    func mutate(_ review: inout AdmissionReview) throws(APIStatus) {
        guard Self.concerns(review), var pod = review.takeObject() else { return }
        pod.edit("spec") { spec in
            for list in Self.lists { spec.editEach(list) { $0["imagePullPolicy"] = "Always" } }
            spec.editEach("volumes") { volume in volume.edit("image") { $0["pullPolicy"] = "Always" } }
        }
        review.object = pod
    }

    func validate(_ review: inout AdmissionReview) throws(APIStatus) {
        guard Self.concerns(review), let pod = review.object else { return }
        for list in Self.lists {
            for (index, container) in pod.list("spec", list).enumerated() where container.text("imagePullPolicy") != "Always" {
                let error = FieldError(
                    .notSupported, .member(.element(FieldPath("spec.\(list)"), index), "imagePullPolicy"), value: container["imagePullPolicy"],
                    #"supported values: "Always""#)
                throw review.forbidden(error.description)
            }
        }
    }

    /// New pods, and changes that may bring other images.
    private static func concerns(_ review: AdmissionReview) -> Bool {
        review.isFor("", "pods") && (review.operation == .create || review.operation == .update)
            && (review.subresource.isEmpty || review.subresource == "ephemeralcontainers")
    }
}
