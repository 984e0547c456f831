import CoreV1
import JSON
import KubernetesAPI
import KubernetesClient
import VolumeBinding

/// Sees to it that a pod's volumes are there on the node that was chosen for it, before it is bound.
struct VolumeBinder: Sendable {
    /// How long volumes may take.
    static let timeout = Duration.seconds(600)

    let client: Client
    let nodes: Informer<Node>
    let volumes: Informer<PersistentVolume>
    let time: TimeSource

    /// Returns when all claims of the pod are bound.
    ///
    /// - Throws: when one cannot be, or not in time; the pod then has to be decided upon anew.
    func bind(_ pod: Pod, to nodeName: String) async throws {
        let claims = pod.claims
        if claims.isEmpty { return }
        let namespace = pod.metadata.namespace ?? ""
        var waiting: [String] = []
        var taken: Set<String> = []
        for reference in claims {
            let claim = try await client.get(PersistentVolumeClaim.self, reference.name, namespace: namespace)
            if claim.isBound { continue }
            waiting.append(reference.name)
            try await choose(for: claim, nodeName, &taken)
        }
        if waiting.isEmpty { return }
        let names = waiting
        try await withDeadline(Self.timeout, time) {
            for name in names { try await waitUntilBound(name, namespace, nodeName) }
        }
    }

    /// Promises a volume that is there to the claim, or asks for one to be made for the node.
    private func choose(for claim: PersistentVolumeClaim, _ nodeName: String, _ taken: inout Set<String>) async throws {
        if claim.spec.volumeName?.isEmpty == false { return }
        if let selected = claim.metadata.annotations[VolumeNames.selectedNode], !selected.isEmpty {
            guard selected == nodeName else {
                throw VolumesNotReady("the volume of the claim \(claim.metadata.name ?? "") is being made for \(selected)")
            }
            return
        }
        guard let node = nodes.get(nodeName).map({ SelectableNode($0) }) else { throw VolumesNotReady("the node \(nodeName) is gone") }
        if var volume = VolumeMatching.best(for: claim, among: volumes.list(), node: node, excluding: taken) {
            taken.insert(volume.metadata.name ?? "")
            if volume.spec.claimRef?.uid == claim.metadata.uid { return }
            if volume.spec.claimRef == nil { volume.metadata.annotations[VolumeNames.boundByController] = "yes" }
            volume.spec.claimRef = ObjectReference(claim)
            // On condition that nobody was faster.
            _ = try await client.update(volume)
            return
        }
        let patch: JSONValue = [
            "metadata": [
                "resourceVersion": .string(claim.metadata.resourceVersion ?? ""), "annotations": [VolumeNames.selectedNode: .string(nodeName)],
            ]
        ]
        _ = try await client.patch(
            PersistentVolumeClaim.self, claim.metadata.name ?? "", namespace: claim.metadata.namespace, .merge(patch))
    }

    private func waitUntilBound(_ name: String, _ namespace: String, _ nodeName: String) async throws {
        while true {
            // Begins with the claim as it is, and ends now and then.
            for try await event in client.watch(
                PersistentVolumeClaim.self, namespace: namespace, ListOptions(fieldSelector: "metadata.name=\(name)"))
            {
                switch event {
                case .added(let claim), .modified(let claim):
                    if claim.isBound { return }
                    let selected = claim.metadata.annotations[VolumeNames.selectedNode] ?? nodeName
                    guard selected == nodeName, claim.metadata.deletionTimestamp == nil else {
                        throw VolumesNotReady("the volume of the claim \(name) cannot be made for \(nodeName)")
                    }
                case .deleted: throw VolumesNotReady("the claim \(name) is gone")
                case .bookmark: continue
                }
            }
            try Task.checkCancellation()
        }
    }
}

struct VolumesNotReady: Error, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}
