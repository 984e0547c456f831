import JSON

/// The other objects that a pod's specification names.
enum PodReferences {
    private static let containerLists = ["initContainers", "containers", "ephemeralContainers"]

    static func secrets(_ pod: JSONValue) -> Set<String> {
        var names: Set<String> = []
        func add(_ name: String?) { if let name, !name.isEmpty { names.insert(name) } }
        for secret in pod.list("spec", "imagePullSecrets") { add(secret.text("name")) }
        environment(pod) { source in
            add(source.text("valueFrom", "secretKeyRef", "name"))
            add(source.text("secretRef", "name"))
        }
        for volume in pod.list("spec", "volumes") {
            add(volume.text("secret", "secretName"))
            add(volume.text("azureFile", "secretName"))
            for kind in ["cephfs", "cinder", "flexVolume", "iscsi", "rbd", "scaleIO", "storageos"] { add(volume.text(kind, "secretRef", "name")) }
            add(volume.text("csi", "nodePublishSecretRef", "name"))
            for source in volume.list("projected", "sources") { add(source.text("secret", "name")) }
        }
        return names
    }

    static func configMaps(_ pod: JSONValue) -> Set<String> {
        var names: Set<String> = []
        func add(_ name: String) { if !name.isEmpty { names.insert(name) } }
        environment(pod) { source in
            add(source.text("valueFrom", "configMapKeyRef", "name"))
            add(source.text("configMapRef", "name"))
        }
        for volume in pod.list("spec", "volumes") {
            add(volume.text("configMap", "name"))
            for source in volume.list("projected", "sources") { add(source.text("configMap", "name")) }
        }
        return names
    }

    static func volumeClaims(_ pod: JSONValue) -> Set<String> {
        var names: Set<String> = []
        for volume in pod.list("spec", "volumes") {
            let claim = volume.text("persistentVolumeClaim", "claimName")
            if !claim.isEmpty { names.insert(claim) }
            if volume.at("ephemeral") != nil { names.insert("\(pod.text("metadata", "name"))-\(volume.text("name"))") }
        }
        return names
    }

    static func resourceClaims(_ pod: JSONValue) -> Set<String> {
        var names: Set<String> = []
        func add(_ name: String) { if !name.isEmpty { names.insert(name) } }
        for claim in pod.list("spec", "resourceClaims") { add(claim.text("resourceClaimName")) }
        for claim in pod.list("status", "resourceClaimStatuses") { add(claim.text("resourceClaimName")) }
        add(pod.text("status", "extendedResourceClaimStatus", "resourceClaimName"))
        return names
    }

    /// The audiences of the tokens that the pod's volumes ask for; the empty one is the API server's.
    static func tokenAudiences(_ pod: JSONValue) -> Set<String> {
        var audiences: Set<String> = []
        for volume in pod.list("spec", "volumes") {
            for source in volume.list("projected", "sources") {
                if let token = source["serviceAccountToken"], !token.isNull { audiences.insert(token.text("audience")) }
            }
        }
        return audiences
    }

    /// The secrets that a node needs for mounting a volume, each with its namespace.
    static func secrets(ofVolume volume: JSONValue, claimNamespace: String) -> [(namespace: String, name: String)] {
        var secrets: [(String, String)] = []
        func add(_ reference: JSONValue?) {
            guard let reference, !reference.text("name").isEmpty else { return }
            let namespace = reference.text("namespace")
            secrets.append((namespace.isEmpty ? claimNamespace : namespace, reference.text("name")))
        }
        for kind in ["cephfs", "cinder", "flexVolume", "iscsi", "rbd", "scaleIO", "storageos"] { add(volume.at("spec", kind, "secretRef")) }
        for field in ["nodePublishSecretRef", "nodeStageSecretRef", "nodeExpandSecretRef"] { add(volume.at("spec", "csi", field)) }
        if let file = volume.at("spec", "azureFile"), !file.text("secretName").isEmpty {
            let namespace = file.text("secretNamespace")
            secrets.append((namespace.isEmpty ? claimNamespace : namespace, file.text("secretName")))
        }
        return secrets
    }

    private static func environment(_ pod: JSONValue, _ body: (JSONValue) -> Void) {
        for list in containerLists {
            for container in pod.list("spec", list) {
                for variable in container.list("env") { body(variable) }
                for source in container.list("envFrom") { body(source) }
            }
        }
    }
}
