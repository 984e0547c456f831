import CoreV1
import KubernetesAPI
import KubernetesClient
import StorageV1

/// What the scheduler knows of claims, volumes and storage classes. Belongs to one scheduler's core.
final class VolumeCache {
    enum Change: Sendable {
        case claim(PersistentVolumeClaim)
        case claimRemoved(PersistentVolumeClaim)
        case volume(PersistentVolume)
        case volumeRemoved(PersistentVolume)
        case storageClass(StorageClass)
        case storageClassRemoved(StorageClass)
    }

    private(set) var claims: [NamespacedName: PersistentVolumeClaim] = [:]
    private(set) var volumes: [String: PersistentVolume] = [:]
    private(set) var classes: [String: StorageClass] = [:]

    func apply(_ change: Change) {
        switch change {
        case .claim(let claim): claims[NamespacedName(claim.metadata)] = claim
        case .claimRemoved(let claim): claims[NamespacedName(claim.metadata)] = nil
        case .volume(let volume): volumes[volume.metadata.name ?? ""] = volume
        case .volumeRemoved(let volume): volumes[volume.metadata.name ?? ""] = nil
        case .storageClass(let storageClass): classes[storageClass.metadata.name ?? ""] = storageClass
        case .storageClassRemoved(let storageClass): classes[storageClass.metadata.name ?? ""] = nil
        }
    }
}
