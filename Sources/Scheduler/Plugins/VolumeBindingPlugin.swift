import CoreV1
import KubernetesAPI
import KubernetesClient
import StorageV1
import VolumeBinding

/// Holds a pod to the nodes from which its volumes can be reached, or on which they can be made.
struct VolumeBindingPlugin: FilterPlugin {
    let name = PluginName.volumeBinding
    let helpfulEvents: ClusterEvent = [.volumeChanged, .nodeAdded, .nodeLabels]

    func prepare(_ cycle: Cycle) -> FilterPreparation {
        if cycle.pod.claims.isEmpty { return .skip }
        let cache = cycle.cache.volumes
        var filter = Filter(volumes: Array(cache.volumes.values))
        for reference in cycle.pod.claims {
            let name = reference.name
            guard let claim = cache.claims[NamespacedName(namespace: cycle.pod.key.namespace, name: name)] else {
                return .reject(
                    reference.isEphemeral
                        ? "waiting for ephemeral volume controller to create the persistentvolumeclaim \"\(name)\""
                        : "persistentvolumeclaim \"\(name)\" not found")
            }
            if claim.metadata.deletionTimestamp != nil { return .reject("persistentvolumeclaim \"\(name)\" is being deleted") }
            if claim.status.phase == "Lost" {
                return .reject("persistentvolumeclaim \"\(name)\" bound to non-existent persistentvolume \"\(claim.spec.volumeName ?? "")\"")
            }
            if reference.isEphemeral, !claim.metadata.ownerReferences.contains(where: { $0.controller == true && $0.uid == cycle.pod.uid }) {
                return .reject("PVC \(cycle.pod.key.namespace)/\(name) was not created for pod \(cycle.pod.key) (pod is not owner)")
            }
            if claim.isBound {
                filter.bound.append(cache.volumes[claim.spec.volumeName ?? ""])
            } else if let storageClass = cache.classes[claim.storageClass], storageClass.volumeBindingMode == VolumeNames.waitForFirstConsumer,
                claim.spec.volumeName?.isEmpty ?? true
            {
                filter.open.append((claim, storageClass))
            } else {
                return .reject("pod has unbound immediate PersistentVolumeClaims")
            }
        }
        return .filter(filter)
    }

    private struct Filter: NodeFilter {
        let volumes: [PersistentVolume]
        /// Nil for a volume that is not there.
        var bound: [PersistentVolume?] = []
        var open: [(claim: PersistentVolumeClaim, storageClass: StorageClass)] = []

        init(volumes: [PersistentVolume]) { self.volumes = volumes }

        private static func rejection(_ text: String) -> Rejection { Rejection(.volumeBinding, .volume(text), preemptionMayHelp: false) }
        private static let missing = rejection("node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)")
        private static let unreachable = rejection("node(s) didn't match PersistentVolume's node affinity")
        private static let nothingToBind = rejection("node(s) didn't find available persistent volumes to bind")

        func rejection(of node: NodeInfo) -> Rejection? {
            let node = SelectableNode(name: node.name, labels: node.labels)
            for volume in bound {
                guard let volume else { return Self.missing }
                if !volume.isReachable(from: node) { return Self.unreachable }
            }
            var taken: Set<String> = []
            for (claim, storageClass) in open {
                if let selected = claim.metadata.annotations[VolumeNames.selectedNode], !selected.isEmpty {
                    // It is being made there.
                    if selected != node.name { return Self.nothingToBind }
                    continue
                }
                if let volume = VolumeMatching.best(for: claim, among: volumes, node: node, excluding: taken) {
                    taken.insert(volume.metadata.name ?? "")
                } else if !storageClass.canProvision(for: node) {
                    return Self.nothingToBind
                }
            }
            return nil
        }
    }
}

extension StorageClass {
    /// Whether its maker makes volumes that pods of the node can reach.
    fileprivate func canProvision(for node: SelectableNode) -> Bool {
        if provisioner.isEmpty || provisioner == VolumeNames.noProvisioner { return false }
        if allowedTopologies.isEmpty { return true }
        return allowedTopologies.contains { term in
            term.matchLabelExpressions.allSatisfy { requirement in
                node.labels[requirement.key].map { requirement.values.contains($0) } ?? false
            }
        }
    }
}
