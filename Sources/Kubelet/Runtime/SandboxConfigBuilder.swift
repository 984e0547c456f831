import ContainerRuntime
import CoreV1
import KubernetesAPI

/// What the runtime is told to make a pod's sandbox.
struct SandboxConfigBuilder {
    var configuration: KubeletConfiguration
    var pod: Pod
    var attempt: UInt32
    var cgroupParent: String
    /// The node's own resolver settings.
    var hostResolver: ResolverConfiguration

    func build() -> CRIPodSandboxConfig {
        var config = CRIPodSandboxConfig()
        config.metadata.name = pod.name
        config.metadata.namespace = pod.namespace
        config.metadata.uid = pod.uid
        config.metadata.attempt = attempt
        config.labels = pod.metadata.labels
        config.labels[RuntimeLabels.podName] = pod.name
        config.labels[RuntimeLabels.podNamespace] = pod.namespace
        config.labels[RuntimeLabels.podUID] = pod.uid
        config.annotations = pod.metadata.annotations
        config.logDirectory = LogPaths(root: configuration.podLogsDir).pod(pod)
        config.hostname = PodHostname.forSandbox(pod, nodeName: configuration.nodeName, clusterDomain: configuration.clusterDomain)
        let resolver = ResolverConfiguration.forPod(
            pod, clusterDNS: configuration.clusterDNS, clusterDomain: configuration.clusterDomain, host: hostResolver)
        config.dnsConfig.servers = resolver.servers
        config.dnsConfig.searches = resolver.searches
        config.dnsConfig.options = resolver.options
        if !pod.usesHostNetwork { config.portMappings = portMappings() }

        var linux = CRILinuxPodSandboxConfig()
        linux.cgroupParent = cgroupParent
        linux.securityContext =
            SecurityContexts(
                pod: pod, seccompDefault: configuration.seccompDefault, seccompDirectory: configuration.rootDirectory + "/seccomp"
            ).sandbox()
        for sysctl in pod.spec.securityContext?.sysctls ?? [] { linux.sysctls[sysctl.name] = sysctl.value }
        config.linux = linux
        return config
    }

    private func portMappings() -> [CRIPortMapping] {
        pod.spec.allPorts.map { port in
            var mapping = CRIPortMapping()
            mapping.containerPort = port.containerPort
            mapping.hostPort = port.hostPort ?? 0
            mapping.hostIp = port.hostIP ?? ""
            switch port.protocol {
            case "UDP": mapping.protocol = .udp
            case "SCTP": mapping.protocol = .sctp
            default: mapping.protocol = .tcp
            }
            return mapping
        }
    }
}

extension PodSpec {
    /// Ports of the regular containers and of sidecars.
    var allPorts: [ContainerPort] {
        initContainers.filter(RestartRules.isSidecar).flatMap(\.ports) + containers.flatMap(\.ports)
    }
}
