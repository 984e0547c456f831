package import CoreV1
package import KubernetesAPI

extension PersistentVolumeClaim {
    /// The name of its storage class; empty for none.
    package var storageClass: String { metadata.annotations[VolumeNames.classBeta] ?? spec.storageClassName ?? "" }

    package var requestedStorage: Quantity { spec.resources?.requests["storage"] ?? Quantity() }

    package var isBound: Bool { spec.volumeName?.isEmpty == false && metadata.annotations[VolumeNames.bindCompleted] != nil }
}

extension PersistentVolume {
    package var storageClass: String { metadata.annotations[VolumeNames.classBeta] ?? spec.storageClassName ?? "" }

    package var storage: Quantity { spec.capacity["storage"] ?? Quantity() }

    /// Whether it is promised to the claim, by its uid or, before the binding, by its name.
    package func isMeant(for claim: PersistentVolumeClaim) -> Bool {
        guard let reference = spec.claimRef, reference.name == claim.metadata.name, reference.namespace == claim.metadata.namespace else {
            return false
        }
        return reference.uid ?? "" == "" || reference.uid == claim.metadata.uid
    }

    /// Whether pods of the node can reach it.
    package func isReachable(from node: SelectableNode) -> Bool {
        guard let required = spec.nodeAffinity?.required else { return true }
        return required.nodeSelectorTerms.contains { $0.matches(node) }
    }

    /// Why the volume cannot be the claim's, whoever wants it to be; nil when it can.
    package func mismatch(with claim: PersistentVolumeClaim) -> String? {
        if storage < claim.requestedStorage { return "requested PV is too small" }
        if storageClass != claim.storageClass { return "storageClassName does not match" }
        if spec.volumeMode ?? "Filesystem" != claim.spec.volumeMode ?? "Filesystem" { return "incompatible volumeMode" }
        if !Set(claim.spec.accessModes).isSubset(of: spec.accessModes) { return "incompatible accessMode" }
        return nil
    }
}

/// Finds volumes that exist already for claims.
package enum VolumeMatching {
    /// The volume that is promised to the claim, or the smallest free one that will do.
    ///
    /// - Parameters:
    ///   - node: the node on which it is to be used; nil: any.
    ///   - waits: whether the choice is left to the scheduler; then only a promised one is found, unless a node is given.
    package static func best(
        for claim: PersistentVolumeClaim, among volumes: [PersistentVolume], node: SelectableNode? = nil, waits: Bool = false,
        excluding: Set<String> = []
    ) -> PersistentVolume? {
        guard let selector = try? claim.spec.selector.map({ try Selector($0) }) ?? Selector.everything else { return nil }
        var best: PersistentVolume?
        for volume in volumes {
            let name = volume.metadata.name ?? ""
            if excluding.contains(name) || volume.metadata.deletionTimestamp != nil { continue }
            let isMeant = volume.isMeant(for: claim)
            if volume.spec.claimRef != nil, !isMeant { continue }
            let suitsNode = node.map { volume.isReachable(from: $0) } ?? true
            if isMeant {
                if volume.storage < claim.requestedStorage { continue }
                return suitsNode ? volume : nil
            }
            if node == nil, waits { continue }
            guard suitsNode, volume.status.phase == "Available", volume.mismatch(with: claim) == nil,
                selector.matches(volume.metadata.labels)
            else { continue }
            guard let known = best else {
                best = volume
                continue
            }
            if volume.storage < known.storage || volume.storage == known.storage && name < known.metadata.name ?? "" { best = volume }
        }
        return best
    }
}
