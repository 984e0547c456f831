import Flags
import JSON
import KubernetesClient
import Linux

/// What `init` or `join` has written on this machine, read again.
struct InstalledMachine: Sendable {
    var folder: String
    /// Nil on a worker.
    var advertiseAddress: String?
    var bindPort: String?
    /// Whether a member of etcd runs here.
    var hasEtcd: Bool
    /// How long certificates count that are made anew here; nil where nothing looks after them.
    var certificateValidity: String?
    /// The kubelet's flags that kubeadm has set.
    var kubeletFlags: [String: String]

    var isControlPlane: Bool { advertiseAddress != nil }
    var nodeName: String { HostName.node(kubeletFlags["hostname-override"]) }
    var criSocket: String? { kubeletFlags["container-runtime-endpoint"] }

    /// - Parameter folder: `/etc/kubernetes`.
    static func read(_ folder: String) throws -> InstalledMachine {
        var machine = InstalledMachine(
            folder: folder, hasEtcd: Files.exists("\(folder)/manifests/\(EtcdManifest.name).yaml"),
            kubeletFlags: flags(try Files.readText(KubeletFiles.environmentPath) ?? ""))
        let path = "\(folder)/manifests/kube-apiserver.yaml"
        if let text = try Files.readText(path) {
            let annotations = try YAMLTree.read(text, path: path)["metadata"]?["annotations"]
            guard let endpoint = annotations?[ControlPlaneManifests.endpointAnnotation]?.stringValue, let colon = endpoint.lastIndex(of: ":") else {
                throw KubeadmError(
                    "\(path) does not say where the API server is: its annotation \(ControlPlaneManifests.endpointAnnotation) is missing")
            }
            machine.advertiseAddress = String(endpoint[..<colon])
            machine.bindPort = String(endpoint[endpoint.index(after: colon)...])
        }
        let keeper = "\(folder)/manifests/\(ControlPlaneManifests.certificateKeeper).yaml"
        let flag = "--certificate-validity-period="
        machine.certificateValidity = try Files.readText(keeper)?.split(separator: "\n").lazy.compactMap { line in
            line.firstRange(of: flag).map { String(line[$0.upperBound...]) }
        }.first
        return machine
    }

    /// From `KUBELET_KUBEADM_ARGS="--name=value ..."`.
    static func flags(_ environment: String) -> [String: String] {
        let words = environment.split { $0.isWhitespace || $0 == "\"" }.filter { $0.hasPrefix("--") }
        var flags: [String: String] = [:]
        for word in words {
            let parts = word.dropFirst(2).split(separator: "=", maxSplits: 1)
            if parts.count == 2 { flags[String(parts[0])] = String(parts[1]) }
        }
        return flags
    }

    /// As flags of `kubeadm init`, where the command line has not said otherwise.
    func arguments(_ given: FlagValues? = nil) -> [String] {
        var arguments: [String] = []
        for (flag, value) in [
            ("apiserver-advertise-address", advertiseAddress), ("apiserver-bind-port", bindPort), ("node-name", nodeName), ("cri-socket", criSocket),
        ] {
            if let value, given?.isGiven(flag) != true { arguments.append("--\(flag)=\(value)") }
        }
        return arguments
    }
}

extension InitSettings {
    /// The settings by which a control plane that is there was made, as far as the machine itself tells.
    ///
    /// - Parameter arguments: the command line, which wins.
    static func ofThisMachine(_ arguments: [String]) throws -> InitSettings {
        let given = try read(InitFlags.table, arguments)
        let machine = try InstalledMachine.read(given.string("kubeconfig-dir"))
        var own = machine.arguments(given) + (machine.hasEtcd && given.tree("etcd.local") == nil ? ["--etcd"] : [])
        let validity = "certificate-validity-period"
        if let found = machine.certificateValidity, !given.isGiven(validity) { own.append("--\(validity)=\(found)") }
        return try InitSettings(read(InitFlags.table, arguments + own))
    }

    /// The settings of a cluster that is there, on one of its machines.
    ///
    /// - Parameters:
    ///   - configuration: the ClusterConfiguration in `kube-system/kubeadm-config`, YAML.
    ///   - arguments: flags of `kubeadm init` with what is the machine's own.
    ///   - kubelet: fields of the kubelets' configuration.
    static func ofCluster(_ configuration: String, arguments: [String], kubelet: JSONObject = [:]) throws -> InitSettings {
        var flags = try FlagValues(InitFlags.table, arguments: arguments)
        let place = "ConfigMap kube-system/kubeadm-config"
        // Whose version the cluster has now is no wish: what this program makes has its own.
        var tree = try YAMLTree.read(configuration, path: place)
        tree["kubernetesVersion"] = nil
        try flags.read(
            ConfigurationFile(path: place, apiVersion: SettingsFile.apiVersion, kind: "ClusterConfiguration"), text: YAMLText.of(tree))
        return try InitSettings(flags, kubelet: kubelet)
    }
}

/// What a cluster says of itself to those who may ask.
enum ClusterConfigurationMap {
    static let kubeadm = (name: "kubeadm-config", key: "ClusterConfiguration")
    static let kubelet = (name: "kubelet-config", key: "kubelet")

    /// A text of one of these ConfigMaps in `kube-system`.
    ///
    /// - Throws: `APIStatusError`; `KubeadmError` when it is not there.
    static func text(_ map: (name: String, key: String), _ client: Client) async throws -> String {
        let object = try await client.get(path: "/api/v1/namespaces/kube-system/configmaps/\(map.name)")
        guard let text = object["data"]?[map.key]?.stringValue else { throw KubeadmError("the ConfigMap kube-system/\(map.name) has no \(map.key)") }
        return text
    }
}
