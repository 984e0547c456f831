import CoreV1
import KubernetesAPI
import KubernetesClient
import StorageV1
import VolumeBinding

/// The volume that a folder of a node becomes.
enum LocalVolume {
    /// The claim asks for what a folder cannot be.
    struct Unsupported: Error, CustomStringConvertible, Equatable {
        var description: String
    }

    static let hostLabel = "kubernetes.io/hostname"

    /// - Throws: `Unsupported`.
    static func volume(for claim: PersistentVolumeClaim, _ storageClass: StorageClass, node: Node, folder: String) throws -> PersistentVolume {
        if claim.spec.volumeMode ?? "Filesystem" != "Filesystem" { throw Unsupported(description: "only volumes with a file system can be made") }
        if let mode = claim.spec.accessModes.first(where: { $0 != "ReadWriteOnce" && $0 != "ReadWriteOncePod" }) {
            throw Unsupported(description: "a folder of one node cannot be \(mode); ReadWriteOnce and ReadWriteOncePod are supported")
        }
        if claim.spec.selector != nil { throw Unsupported(description: "claim Selector is not supported") }
        guard let uid = claim.metadata.uid, let host = node.metadata.labels[hostLabel] else {
            throw Unsupported(description: "the node has no label \(hostLabel)")
        }
        let name = "pvc-\(uid)"
        return PersistentVolume { volume in
            volume.metadata.name = name
            volume.metadata.annotations = [VolumeNames.provisionedBy: LocalProvisioner.name]
            volume.spec.capacity = ["storage": claim.requestedStorage]
            volume.spec.accessModes = claim.spec.accessModes
            volume.spec.persistentVolumeReclaimPolicy = storageClass.reclaimPolicy ?? "Delete"
            volume.spec.storageClassName = claim.storageClass
            volume.spec.volumeMode = "Filesystem"
            volume.spec.mountOptions = storageClass.mountOptions
            volume.spec.claimRef = ObjectReference(claim)
            let parts = [name, claim.metadata.namespace ?? "", claim.metadata.name ?? ""]
            volume.spec.local = LocalVolumeSource { $0.path = "\(folder)/\(parts.joined(separator: "_"))" }
            volume.spec.nodeAffinity = VolumeNodeAffinity { affinity in
                affinity.required = NodeSelector { selector in
                    selector.nodeSelectorTerms = [
                        NodeSelectorTerm { term in
                            term.matchExpressions = [
                                NodeSelectorRequirement {
                                    $0.key = hostLabel
                                    $0.operator = "In"
                                    $0.values = [host]
                                }
                            ]
                        }
                    ]
                }
            }
        }
    }

    /// Whether a path is one that was made for the volume of this name. Whoever may write volumes must not be able to have any other folder removed.
    static func isOurs(_ path: String, of volume: String, folder: String) -> Bool {
        guard path.hasPrefix("\(folder)/\(volume)_") else { return false }
        return !path.dropFirst(folder.utf8.count + 1).contains("/")
    }
}
