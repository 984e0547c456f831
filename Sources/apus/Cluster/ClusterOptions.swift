import ArgumentParser
import JSON
import Linux

/// The options of the server, which `apus up` passes on. Names are upstream's where upstream has the option.
struct ClusterOptions: ParsableArguments {
    @Option(name: .customLong("node-name"), help: "The node's name; this machine's host name if not given.")
    var nodeName: String?

    @Option(name: .customLong("node-ip"), help: "The node's address; that of the default route's interface if not given.")
    var nodeIP: String?

    @Option(name: .customLong("secure-port"), help: "The port of the API server.")
    var securePort = 6443

    @Option(name: .customLong("kubelet-port"), help: "The port of the kubelet.")
    var kubeletPort = 10250

    @Option(name: .customLong("service-cluster-ip-range"), help: "The range of service addresses.")
    var serviceClusterIPRange = "10.96.0.0/12"

    @Option(name: .customLong("cluster-cidr"), help: "The range of pod addresses.")
    var clusterCIDR = "10.244.0.0/16"

    @Option(name: .customLong("cluster-dns"), help: "The service address of the cluster's DNS.")
    var clusterDNS = "10.96.0.10"

    @Option(name: .customLong("cluster-domain"), help: "The domain of the cluster's names.")
    var clusterDomain = "cluster.local"

    @Option(
        name: .customLong("container-runtime-endpoint"),
        help: "The socket of a container runtime that already runs; one of our own is started if not given.")
    var containerRuntimeEndpoint: String?

    @Flag(name: .customLong("fail-swap-on"), help: "Do not start on a machine with swap turned on.")
    var failSwapOn = false

    @Option(
        name: .customLong("kube-apiserver-arg"),
        help: "A flag of kube-apiserver about who may do what, as name=value, such as audit-policy-file=/etc/audit.yaml. May be given several times.")
    var apiServerArguments: [String] = []

    @Flag(
        name: .customLong("service-account-token-secrets"),
        help: "Make a secret with a token that does not end for every service account, as Kubernetes did before 1.24, for old clients.")
    var serviceAccountTokenSecrets = false

    /// The options as they are given to `apus server`.
    var arguments: [String] {
        var arguments = [
            "--secure-port", "\(securePort)", "--kubelet-port", "\(kubeletPort)", "--service-cluster-ip-range", serviceClusterIPRange,
            "--cluster-cidr", clusterCIDR, "--cluster-dns", clusterDNS, "--cluster-domain", clusterDomain,
        ]
        if let nodeName { arguments += ["--node-name", nodeName] }
        if let nodeIP { arguments += ["--node-ip", nodeIP] }
        if let containerRuntimeEndpoint { arguments += ["--container-runtime-endpoint", containerRuntimeEndpoint] }
        if failSwapOn { arguments.append("--fail-swap-on") }
        if serviceAccountTokenSecrets { arguments.append("--service-account-token-secrets") }
        arguments += apiServerArguments.map { "--kube-apiserver-arg=\($0)" }
        return arguments
    }
}
