import KubernetesAPI
import KubernetesClient
import LocalStorage
import StorageV1
import VolumeBinding

/// The storage class that claims get when they name none.
struct StorageAddon {
    static let className = "local-path"

    var client: Client

    /// Creates the class; one of the name that is there already is left as it is.
    func ensure() async throws {
        let storageClass = StorageClass { storageClass in
            storageClass.metadata.name = Self.className
            storageClass.metadata.annotations = ["storageclass.kubernetes.io/is-default-class": "true"]
            storageClass.provisioner = LocalProvisioner.name
            storageClass.reclaimPolicy = "Delete"
            // A folder is of one node: the pod's node must be known first.
            storageClass.volumeBindingMode = VolumeNames.waitForFirstConsumer
        }
        do {
            _ = try await client.create(storageClass)
        } catch let error as APIStatusError where error.isAlreadyExists {}
    }
}
