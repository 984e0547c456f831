import CoreV1
import KubernetesAPI
import KubernetesClient
import VolumeBinding

/// The index of pods by the claims that their volumes are filled with.
enum PodsByClaim {
    private static let index = "claims"

    static func install(_ pods: Informer<Pod>) {
        pods.addIndex(index) { pod in
            pod.claims.map { key(NamespacedName(namespace: pod.metadata.namespace ?? "", name: $0.name)) }
        }
    }

    static func list(_ pods: Informer<Pod>, _ claim: NamespacedName) -> [Pod] { pods.list(index: index, key: key(claim)) }

    private static func key(_ claim: NamespacedName) -> String { "\(claim)" }
}
