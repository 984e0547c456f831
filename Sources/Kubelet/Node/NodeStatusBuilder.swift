import CoreV1
import KubernetesAPI

/// Computes the Node's status from what was measured. Pure.
struct NodeStatusBuilder {
    var configuration: KubeletConfiguration
    var machine: MachineInfo
    var resources: NodeResources
    var addresses: [String]
    var health: NodeHealth
    var images: [ContainerImage]
    /// Such as `containerd://1.6.20`.
    var runtimeVersion: String
    var now: Time

    func status(before: NodeStatus) -> NodeStatus {
        var status = before
        // What others put there (extended resources) stays, and is handed out as it is.
        for (name, amount) in resources.capacity { status.capacity[name] = amount }
        for (name, amount) in status.capacity { status.allocatable[name] = resources.allocatable[name] ?? amount }
        status.addresses =
            addresses.map { address in
                NodeAddress {
                    $0.type = "InternalIP"
                    $0.address = address
                }
            } + [
                NodeAddress {
                    $0.type = "Hostname"
                    $0.address = configuration.hostnameOverride ?? configuration.nodeName
                }
            ]
        status.daemonEndpoints = NodeDaemonEndpoints {
            $0.kubeletEndpoint = DaemonEndpoint { $0.Port = Int32(clamping: configuration.port) }
        }
        status.nodeInfo = NodeSystemInfo {
            $0.machineID = machine.machineID
            $0.systemUUID = machine.systemUUID
            $0.bootID = machine.bootID
            $0.kernelVersion = machine.kernelVersion
            $0.osImage = machine.osImage
            $0.containerRuntimeVersion = runtimeVersion
            $0.kubeletVersion = configuration.version
            $0.kubeProxyVersion = ""
            $0.operatingSystem = "linux"
            $0.architecture = machine.architecture
            if machine.swap > 0 { $0.swap = NodeSwapStatus { $0.capacity = machine.swap } }
        }
        status.images = images
        status.conditions = NodeConditions(before: before.conditions, health: health, now: now).all()
        return status
    }

    /// The labels every node has, under the names clients use.
    static func labels(_ configuration: KubeletConfiguration, _ machine: MachineInfo) -> [String: String] {
        var labels = [
            "kubernetes.io/hostname": configuration.hostnameOverride ?? configuration.nodeName,
            "kubernetes.io/os": "linux",
            "kubernetes.io/arch": machine.architecture,
            "beta.kubernetes.io/os": "linux",
            "beta.kubernetes.io/arch": machine.architecture,
        ]
        labels.merge(configuration.nodeLabels) { $1 }
        return labels
    }
}
