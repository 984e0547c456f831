import ContainerRuntime
import Logging

/// Containers of the control plane on this machine.
enum StaticPodContainers {
    /// How long one may take to end by itself, seconds.
    private static let gracePeriod: Int64 = 10

    /// Ends the containers of these components. The kubelet starts them anew, and they read their files again.
    static func restart(_ components: [String], socket: String) async throws {
        let runtime = try RuntimeClient(endpoint: socket, logger: Logger(label: "kubeadm"))
        try await runtime.whileConnected {
            for container in try await runtime.listContainers(nil)
            where container.state == .containerRunning && container.labels["io.kubernetes.pod.namespace"] == "kube-system"
                && components.contains(container.metadata.name)
            {
                try await runtime.stopContainer(container.id, gracePeriod: gracePeriod)
            }
        }
    }
}
