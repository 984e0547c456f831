import AuthenticationV1
import CoreV1
import KubernetesAPI
import KubernetesClient

/// Reads what pods' environments and volumes are made of from the API when they are needed, so that a pod sees them as they are now.
struct ClientObjectSource: ObjectSource {
    var client: Client

    func configMap(_ name: String, namespace: String) async throws -> ConfigMap {
        try await naming("configmap", name) { try await client.get(ConfigMap.self, name, namespace: namespace) }
    }

    func secret(_ name: String, namespace: String) async throws -> Secret {
        try await naming("secret", name) { try await client.get(Secret.self, name, namespace: namespace) }
    }

    func claim(_ name: String, namespace: String) async throws -> PersistentVolumeClaim {
        try await naming("persistentvolumeclaim", name) { try await client.get(PersistentVolumeClaim.self, name, namespace: namespace) }
    }

    func volume(_ name: String) async throws -> PersistentVolume {
        try await naming("persistentvolume", name) { try await client.get(PersistentVolume.self, name) }
    }

    /// Upstream's kubelet says `configmap "x" not found` where the API server says `configmaps "x" not found`.
    private func naming<T>(_ kind: String, _ name: String, _ read: () async throws -> T) async throws -> T {
        do {
            return try await read()
        } catch let error as APIStatusError where error.isNotFound {
            var status = error.status
            status.message = "\(kind) \"\(name)\" not found"
            throw APIStatusError(status: status, code: error.code)
        }
    }
}
