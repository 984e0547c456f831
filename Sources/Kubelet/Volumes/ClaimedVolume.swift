import CoreV1
import KubernetesAPI
import Linux
import VolumeBinding

/// The folder of this node that is behind a claim.
struct ClaimedVolume: Sendable {
    var path: String
    /// Whether its files are to belong to the pod's fsGroup.
    var takesGroup: Bool

    /// Follows a pod's claim to its volume, and makes sure that it is there.
    ///
    /// - Throws: `KubeletError` when the claim is not bound, or is bound to what this node cannot provide.
    static func find(_ volume: Volume, of pod: Pod, _ objects: any ObjectSource) async throws -> ClaimedVolume {
        guard let reference = pod.claim(of: volume) else { throw KubeletError("the volume names no claim") }
        let claim = try await objects.claim(reference.name, namespace: pod.namespace)
        if reference.isEphemeral, !claim.metadata.ownerReferences.contains(where: { $0.uid == pod.uid && $0.controller == true }) {
            throw KubeletError("PVC \(pod.namespace)/\(reference.name) was not created for pod \(pod.namespace)/\(pod.name) (pod is not owner)")
        }
        guard claim.isBound, let name = claim.spec.volumeName else {
            throw KubeletError("error processing PVC \(pod.namespace)/\(reference.name): PVC is not bound")
        }
        let found = try await objects.volume(name)
        guard found.spec.claimRef?.uid == claim.metadata.uid else {
            throw KubeletError("error processing PVC \(pod.namespace)/\(reference.name): volume \(name) is bound to another claim")
        }
        guard found.spec.volumeMode ?? "Filesystem" == "Filesystem" else {
            throw KubeletError("volume \(name) is a block device: this node provides only volumes with a file system")
        }
        if let source = found.spec.hostPath {
            try HostPathCheck.prepare(source.path, type: source.type ?? "")
            if (source.type ?? "").isEmpty, !Files.exists(source.path) { try Files.makeDirectory(source.path, mode: 0o755) }
            return ClaimedVolume(path: source.path, takesGroup: false)
        }
        if let source = found.spec.local {
            guard Files.isDirectory(source.path) else { throw KubeletError("path \(Texts.quoted(source.path)) does not exist") }
            return ClaimedVolume(path: source.path, takesGroup: true)
        }
        throw KubeletError("no volume plugin matched: this node provides persistent volumes of the kinds local and hostPath")
    }
}
