import JSON

/// A claim that names no storage class gets the default one.
struct DefaultStorageClass: MutatingAdmission {
    let name = "DefaultStorageClass"

    func mutate(_ review: inout AdmissionReview) throws(APIStatus) {
        guard review.isFor("", "persistentvolumeclaims"), review.operation == .create, review.subresource.isEmpty, let claim = review.object,
            claim.at("spec", "storageClassName") == nil,
            claim.at("metadata", "annotations", "volume.beta.kubernetes.io/storage-class") == nil
        else { return }
        let classes = review.cluster.objects(group: "storage.k8s.io", resource: "storageclasses", namespace: nil).filter {
            $0.at("metadata", "annotations", "storageclass.kubernetes.io/is-default-class")?.stringValue == "true"
        }
        // Of several the newest counts, of equally new ones the first by name.
        let chosen = classes.min { a, b in
            let (new, old) = (a.text("metadata", "creationTimestamp"), b.text("metadata", "creationTimestamp"))
            return new != old ? new > old : a.text("metadata", "name") < b.text("metadata", "name")
        }
        if let chosen { review.object?.setPath(["spec", "storageClassName"], chosen.at("metadata", "name")) }
    }
}

/// An ingress that names no class gets the default one.
struct DefaultIngressClass: MutatingAdmission {
    let name = "DefaultIngressClass"

    func mutate(_ review: inout AdmissionReview) throws(APIStatus) {
        guard review.isFor("networking.k8s.io", "ingresses"), review.operation == .create, review.subresource.isEmpty, let ingress = review.object,
            ingress.at("spec", "ingressClassName") == nil, ingress.at("metadata", "annotations", "kubernetes.io/ingress.class") == nil
        else { return }
        let classes = review.cluster.objects(group: "networking.k8s.io", resource: "ingressclasses", namespace: nil).filter {
            $0.at("metadata", "annotations", "ingressclass.kubernetes.io/is-default-class")?.stringValue == "true"
        }
        let chosen = classes.min { a, b in
            let (new, old) = (a.text("metadata", "creationTimestamp"), b.text("metadata", "creationTimestamp"))
            return new != old ? new > old : a.text("metadata", "name") < b.text("metadata", "name")
        }
        if let chosen { review.object?.setPath(["spec", "ingressClassName"], chosen.at("metadata", "name")) }
    }
}
