import CoreV1
import JSON
import KubernetesAPI
import KubernetesClient

/// Shows static pods in the API, so that everybody can see them: a mirror pod each, with the static pod's status.
struct MirrorPods: Sendable {
    var client: Client
    var node: @Sendable () -> Node?

    /// Makes sure that the mirror of a static pod is there and shows this one.
    ///
    /// - Throws: when the API server does not answer or refuses.
    func ensure(_ pod: Pod) async throws -> Pod {
        // A node may read its own pods alone, so it cannot ask whether there is one.
        do {
            return try await client.create(mirror(of: pod))
        } catch let error as APIStatusError where error.isAlreadyExists {}
        let present = try await client.get(Pod.self, pod.name, namespace: pod.namespace)
        if present.metadata.annotations[StaticPodManifest.mirrorAnnotation] == pod.uid, !present.isBeingDeleted { return present }
        guard present.isMirror else {
            throw KubeletError("another pod has the name \(pod.key), so the static pod of that name is not shown")
        }
        try await remove(present)
        return try await client.create(mirror(of: pod))
    }

    /// Deletes a mirror pod at once; the static pod goes on.
    func remove(_ mirror: Pod) async throws {
        let options = DeleteOptions {
            $0.gracePeriodSeconds = 0
            $0.preconditions = Preconditions { $0.uid = mirror.uid }
        }
        do {
            try await client.delete(Pod.self, mirror.name, namespace: mirror.namespace, options)
        } catch let error as APIStatusError where error.isNotFound || error.isConflict {}
    }

    private func mirror(of pod: Pod) -> Pod {
        var mirror = Pod()
        mirror.metadata.name = pod.metadata.name
        mirror.metadata.namespace = pod.metadata.namespace
        mirror.metadata.labels = pod.metadata.labels
        mirror.metadata.annotations = pod.metadata.annotations
        mirror.metadata.annotations[StaticPodManifest.mirrorAnnotation] = pod.uid
        if let node = node() {
            mirror.metadata.ownerReferences = [
                OwnerReference {
                    $0.apiVersion = "v1"
                    $0.kind = "Node"
                    $0.name = node.metadata.name ?? ""
                    $0.uid = node.metadata.uid ?? ""
                    $0.controller = true
                }
            ]
        }
        mirror.spec = pod.spec
        return mirror
    }
}
