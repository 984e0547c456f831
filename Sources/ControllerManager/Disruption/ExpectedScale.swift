import AppsV1
import CoreV1
import JSON
import KubernetesAPI
import KubernetesClient

/// Finds how many pods the controllers of some pods ask for.
struct ExpectedScale: Sendable {
    let client: Client
    let deployments: Informer<Deployment>
    let replicaSets: Informer<ReplicaSet>
    let statefulSets: Informer<StatefulSet>
    let controllers: Informer<ReplicationController>

    /// - Returns: the sum over all controllers, and the names of pods without one.
    func sum(of pods: [Pod], namespace: String) async throws -> (count: Int32, unmanaged: [String]) {
        var unmanaged: [String] = []
        var scales: [String: Int32] = [:]
        for pod in pods {
            guard let reference = pod.metadata.controllerReference else {
                unmanaged.append(pod.metadata.name ?? "")
                continue
            }
            if scales[reference.uid] != nil { continue }
            let (uid, replicas) = try await scale(of: reference, namespace)
            // Pods of two ReplicaSets of one deployment count it once.
            scales[reference.uid] = uid == reference.uid ? replicas : 0
            scales[uid] = replicas
        }
        return (Int32(clamping: scales.values.reduce(0) { $0 + Int64($1) }), unmanaged)
    }

    private func scale(of reference: OwnerReference, _ namespace: String) async throws -> (uid: String, replicas: Int32) {
        let key = NamespacedName(namespace: namespace, name: reference.name)
        switch (reference.kind, reference.apiVersion) {
        case ("ReplicaSet", "apps/v1"):
            guard let set = replicaSets.get(key), set.metadata.uid == reference.uid else { break }
            if let owner = set.metadata.controllerReference, owner.kind == "Deployment",
                let deployment = deployments.get(owner.name, namespace: namespace), deployment.metadata.uid == owner.uid
            {
                return (owner.uid, deployment.spec.replicas ?? 1)
            }
            return (reference.uid, set.spec.replicas ?? 1)
        case ("StatefulSet", "apps/v1"):
            if let set = statefulSets.get(key), set.metadata.uid == reference.uid { return (reference.uid, set.spec.replicas ?? 1) }
        case ("ReplicationController", "v1"):
            if let controller = controllers.get(key), controller.metadata.uid == reference.uid {
                return (reference.uid, controller.spec.replicas ?? 1)
            }
        default:
            return (reference.uid, try await subresource(reference, namespace))
        }
        throw NoScale(description: "found no controllers for the pods of \(reference.kind) \"\(reference.name)\"")
    }

    /// Custom controllers tell their size through their `scale` subresource.
    private func subresource(_ reference: OwnerReference, _ namespace: String) async throws -> Int32 {
        let scales = ScaleClient(client: client)
        let resource = try await scales.resource(apiVersion: reference.apiVersion, kind: reference.kind)
        do {
            let scale = try await scales.get(resource, NamespacedName(namespace: namespace, name: reference.name))
            return Int32(clamping: scale["spec"]?["replicas"]?.integerValue ?? 0)
        } catch let error as APIStatusError where error.isNotFound {
            throw NoScale(description: "\(resource.groupResource) does not implement the scale subresource")
        }
    }
}
