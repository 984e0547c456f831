package import JSON

/// Answers what the pods of a node refer to, from the pods as they are now: a pod that comes or goes counts at once.
///
/// Mirror pods do not count: a kubelet makes them itself, and would give itself rights.
package struct NodeUses: Sendable {
    /// The pods that are bound to a node.
    package typealias Pods = @Sendable (_ node: String) -> [JSONValue]
    /// One object; nil if there is none. The namespace is empty for cluster-scoped kinds.
    package typealias Lookup = @Sendable (_ group: String, _ resource: String, _ namespace: String, _ name: String) -> JSONValue?

    private let pods: Pods
    private let lookup: Lookup

    package init(pods: @escaping Pods, lookup: @escaping Lookup) {
        self.pods = pods
        self.lookup = lookup
    }

    func pod(_ namespace: String, _ name: String, on node: String) -> Bool {
        lookup("", "pods", namespace, name)?.text("spec", "nodeName") == node
    }

    func secret(_ namespace: String, _ name: String, on node: String) -> Bool {
        any(in: namespace, on: node) { PodReferences.secrets($0).contains(name) } || volumeSecret(namespace, name, on: node)
    }

    func configMap(_ namespace: String, _ name: String, on node: String) -> Bool {
        any(in: namespace, on: node) { PodReferences.configMaps($0).contains(name) }
    }

    func serviceAccount(_ namespace: String, _ name: String, on node: String) -> Bool {
        any(in: namespace, on: node) { $0.text("spec", "serviceAccountName") == name }
    }

    func volumeClaim(_ namespace: String, _ name: String, on node: String) -> Bool {
        any(in: namespace, on: node) { PodReferences.volumeClaims($0).contains(name) }
    }

    func resourceClaim(_ namespace: String, _ name: String, on node: String) -> Bool {
        any(in: namespace, on: node) { PodReferences.resourceClaims($0).contains(name) }
    }

    func podCertificateRequest(_ namespace: String, _ name: String, on node: String) -> Bool {
        lookup("certificates.k8s.io", "podcertificaterequests", namespace, name)?.text("spec", "nodeName") == node
    }

    func volume(_ name: String, on node: String) -> Bool {
        // From the volume to its claim and to the pods is the short way.
        guard let claim = lookup("", "persistentvolumes", "", name)?.at("spec", "claimRef") else { return false }
        let namespace = claim.text("namespace")
        guard lookup("", "persistentvolumeclaims", namespace, claim.text("name"))?.text("spec", "volumeName") == name else { return false }
        return volumeClaim(namespace, claim.text("name"), on: node)
    }

    func attachment(_ name: String, on node: String) -> Bool {
        lookup("storage.k8s.io", "volumeattachments", "", name)?.text("spec", "nodeName") == node
    }

    /// A secret with which a volume is mounted that a pod of the node claims.
    private func volumeSecret(_ namespace: String, _ name: String, on node: String) -> Bool {
        for pod in pods(node) where !Self.isMirror(pod) {
            let place = pod.text("metadata", "namespace")
            for claim in PodReferences.volumeClaims(pod) {
                guard let volumeName = lookup("", "persistentvolumeclaims", place, claim)?.text("spec", "volumeName"), !volumeName.isEmpty,
                    let volume = lookup("", "persistentvolumes", "", volumeName)
                else { continue }
                if PodReferences.secrets(ofVolume: volume, claimNamespace: place).contains(where: { $0 == namespace && $1 == name }) { return true }
            }
        }
        return false
    }

    private func any(in namespace: String, on node: String, _ refers: (JSONValue) -> Bool) -> Bool {
        pods(node).contains { $0.text("metadata", "namespace") == namespace && !Self.isMirror($0) && refers($0) }
    }

    private static func isMirror(_ pod: JSONValue) -> Bool { pod.at("metadata", "annotations", "kubernetes.io/config.mirror") != nil }
}
