import Linux

extension Phase {
    /// Where the kubelet keeps its things, and kubeadm what the kubelet is started with.
    static let kubeletFolder = "/var/lib/kubelet"

    static let kubeletStart = Phase(name: "kubelet-start", summary: "Write kubelet settings and (re)start the kubelet") { settings, _ in
        Say.line("[kubelet-start] Writing kubelet environment file with flags to file \"\(kubeletFolder)/kubeadm-flags.env\"")
        try Files.makeDirectory(kubeletFolder)
        try Files.writeAtomically("\(kubeletFolder)/kubeadm-flags.env", KubeletFiles.environment(settings))
        Say.line("[kubelet-start] Writing kubelet configuration to file \"\(kubeletFolder)/config.yaml\"")
        try Files.writeAtomically("\(kubeletFolder)/config.yaml", KubeletFiles.configuration(settings))
        Say.line("[kubelet-start] Starting the kubelet")
        try await KubeletService.restart()
    }
}

/// The kubelet's configuration.
enum KubeletFiles {
    static func environment(_ settings: InitSettings) -> String {
        var flags = ["--container-runtime-endpoint=\(settings.criSocket)"]
        if settings.nodeName != HostName.node(nil) { flags.append("--hostname-override=\(settings.nodeName)") }
        flags.append("--node-ip=\(settings.advertiseAddress)")
        return "KUBELET_KUBEADM_ARGS=\"\(flags.joined(separator: " "))\"\n"
    }

    static func configuration(_ settings: InitSettings) -> String {
        """
        apiVersion: kubelet.config.k8s.io/v1beta1
        authentication:
          anonymous:
            enabled: false
          webhook:
            cacheTTL: 2m0s
            enabled: true
          x509:
            clientCAFile: \(settings.certificates)/ca.crt
        authorization:
          mode: Webhook
          webhook:
            cacheAuthorizedTTL: 5m0s
            cacheUnauthorizedTTL: 30s
        cgroupDriver: \(CgroupDriver.current)
        clusterDNS:
        - \(settings.dnsAddress)
        clusterDomain: \(settings.dnsDomain)
        containerRuntimeEndpoint: \(settings.criSocket)
        failSwapOn: false
        healthzBindAddress: 127.0.0.1
        healthzPort: 10248
        kind: KubeletConfiguration
        rotateCertificates: true
        staticPodPath: \(settings.manifests)

        """
    }
}

/// Which of the two ways of making cgroups fits this machine.
enum CgroupDriver {
    static var current: String { Files.exists("/run/systemd/system") ? "systemd" : "cgroupfs" }
}

/// The kubelet as a service of the machine.
enum KubeletService {
    /// Starts it by systemd or by its service script; where there is neither, says so: somebody else sees to it.
    static func restart() async throws {
        if Files.exists("/run/systemd/system") {
            try await Command(["systemctl", "daemon-reload"]).run()
            try await Command(["systemctl", "restart", "kubelet"]).run()
        } else if Files.exists("/etc/init.d/kubelet") {
            try await Command(["service", "kubelet", "restart"]).run()
        } else {
            Say.line("[kubelet-start] No service manager was found: start the kubelet yourself")
        }
    }
}
