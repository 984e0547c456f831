import JSON
import Linux

/// What the kubelet of a machine is started with.
enum KubeletFiles {
    static let folder = "/var/lib/kubelet"
    static let configurationPath = "\(folder)/config.yaml"
    static let environmentPath = "\(folder)/kubeadm-flags.env"

    /// What differs from machine to machine.
    struct Machine: Sendable {
        var nodeName: String
        var nodeIP: String
        var criSocket: String
        /// As the runtime makes cgroups; nil: as the cluster's configuration says.
        var cgroupDriver: String?
        /// `key=value:effect`, with which the node registers.
        var taints: [String] = []
        var arguments: [(name: String, value: String)] = []
    }

    /// The flags of this machine's kubelet, for its service.
    static func environment(_ machine: Machine) -> String {
        var flags = ["--container-runtime-endpoint=\(machine.criSocket)"]
        if machine.nodeName != HostName.node(nil) { flags.append("--hostname-override=\(machine.nodeName)") }
        if !machine.arguments.contains(where: { $0.name == "node-ip" }) { flags.append("--node-ip=\(machine.nodeIP)") }
        if !machine.taints.isEmpty { flags.append("--register-with-taints=\(machine.taints.joined(separator: ","))") }
        flags += machine.arguments.map { "--\($0.name)=\($0.value)" }
        return "KUBELET_KUBEADM_ARGS=\"\(flags.joined(separator: " "))\"\n"
    }

    /// The configuration of all kubelets of the cluster, with what the configuration file changes in it.
    static func configuration(_ settings: InitSettings) -> JSONValue {
        let own: JSONValue = [
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "authentication": [
                "anonymous": ["enabled": false], "webhook": ["cacheTTL": "2m0s", "enabled": true],
                "x509": ["clientCAFile": .string("\(settings.certificates)/ca.crt")],
            ],
            "authorization": ["mode": "Webhook", "webhook": ["cacheAuthorizedTTL": "5m0s", "cacheUnauthorizedTTL": "30s"]],
            "cgroupDriver": .string(CgroupDriver.current), "clusterDNS": [.string(settings.dnsAddress)],
            "clusterDomain": .string(settings.dnsDomain), "containerRuntimeEndpoint": .string(settings.criSocket), "failSwapOn": false,
            "healthzBindAddress": "127.0.0.1", "healthzPort": 10248, "kind": "KubeletConfiguration", "rotateCertificates": true,
            "staticPodPath": .string(settings.manifests),
        ]
        return merged(own, settings.kubelet)
    }

    /// The cluster's configuration as one machine needs it.
    static func local(_ configuration: JSONValue, _ machine: Machine) -> JSONValue {
        var changes: JSONObject = ["containerRuntimeEndpoint": .string(machine.criSocket)]
        if let driver = machine.cgroupDriver { changes["cgroupDriver"] = .string(driver) }
        return merged(configuration, changes)
    }

    static func write(_ configuration: JSONValue, _ machine: Machine) throws {
        if !Rehearsal.isOn { try Files.makeDirectory(folder) }
        Say.line("[kubelet-start] Writing kubelet environment file with flags to file \"\(environmentPath)\"")
        try Rehearsal.write(environmentPath, environment(machine))
        Say.line("[kubelet-start] Writing kubelet configuration to file \"\(configurationPath)\"")
        try Rehearsal.write(configurationPath, YAMLText.of(local(configuration, machine)))
    }

    /// Members of `changes` win; mappings are merged, everything else is replaced.
    private static func merged(_ value: JSONValue, _ changes: JSONObject) -> JSONValue {
        guard case .object(var object) = value else { return .object(changes) }
        for (key, change) in changes {
            if case .object(let inner) = change, let present = object[key], case .object = present {
                object[key] = merged(present, inner)
            } else {
                object[key] = change
            }
        }
        return .object(object)
    }
}
