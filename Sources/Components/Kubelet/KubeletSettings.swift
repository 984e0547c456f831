import Flags
import Glibc
import JSON
import Kubelet
import KubernetesAPI
import Linux

/// From the kubelet's flags and file to its configuration.
struct KubeletSettings {
    let flags: FlagValues

    init(_ flags: FlagValues) {
        self.flags = flags
    }

    /// Everything but certificates of the server, which are read or made elsewhere.
    ///
    /// - Throws: `FlagProblem` naming the flag or field; what is wrong with the file of the clients' authority.
    func configuration() throws -> KubeletConfiguration {
        var result = KubeletConfiguration(nodeName: HostName.node(flags.text("hostname-override")))
        result.version = ApusVersion.kubernetes
        try node(&result)
        try runtime(&result)
        try pods(&result)
        try resources(&result)
        result.nodeStatusUpdateFrequency = flags.duration("node-status-update-frequency")
        result.nodeStatusReportFrequency = flags.duration("nodeStatusReportFrequency")
        result.nodeLeaseDurationSeconds = Int32(clamping: flags.int("nodeLeaseDurationSeconds"))
        result.nodeStatusMaxImages = try number("node-status-max-images", -1...10_000)
        result.syncFrequency = flags.duration("sync-frequency")
        result.address = flags.string("address")
        result.port = try flags.port("port")
        result.streamingConnectionIdleTimeout = flags.duration("streaming-connection-idle-timeout")
        result.requiresTLS13 = try MinimumTLS(flags).isThirteen
        result.enableSystemLogHandler = flags.bool("enableSystemLogHandler")
        if let path = flags.text("client-ca-file") { result.clientCA = try ServingFiles.read(path) }
        return result
    }

    private func node(_ result: inout KubeletConfiguration) throws {
        let given = flags.string("node-ip").split(separator: ",").map(String.init)
        for address in given where !IPLiteral.isValid(address) { throw FlagProblem("--node-ip \(address) must be an IP address") }
        result.nodeIPs = given.filter { $0 != "0.0.0.0" && $0 != "::" }
        result.nodeLabels = flags.map("node-labels")
        result.registerNode = flags.bool("register-node")
        result.providerID = flags.string("provider-id")
        result.rootDirectory = flags.string("root-dir")
        result.podLogsDir = flags.string("podLogsDir")
        result.registerWithTaints = try flags.list("register-with-taints").map(taint) + taints(flags.tree("registerWithTaints"))
    }

    /// `key=value:effect` or `key:effect`.
    private func taint(_ text: String) throws(FlagProblem) -> (key: String, value: String, effect: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, Self.effects.contains(String(parts[1])) else {
            throw FlagProblem("--register-with-taints \(text) must be key=value:effect, with effect \(Self.effects.joined(separator: ", "))")
        }
        let pair = parts[0].split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        return (String(pair[0]), pair.count > 1 ? String(pair[1]) : "", String(parts[1]))
    }

    private func taints(_ tree: JSONValue?) throws(FlagProblem) -> [(key: String, value: String, effect: String)] {
        guard let tree, !tree.isNull else { return [] }
        guard let items = tree.arrayValue else { throw FlagProblem("registerWithTaints: must be a list") }
        var taints: [(key: String, value: String, effect: String)] = []
        for (index, item) in items.enumerated() {
            guard let key = item["key"]?.stringValue, let effect = item["effect"]?.stringValue, Self.effects.contains(effect) else {
                throw FlagProblem("registerWithTaints[\(index)]: key and effect must be given, effect one of \(Self.effects.joined(separator: ", "))")
            }
            taints.append((key, item["value"]?.stringValue ?? "", effect))
        }
        return taints
    }

    private static let effects = ["NoSchedule", "PreferNoSchedule", "NoExecute"]

    private func runtime(_ result: inout KubeletConfiguration) throws {
        result.containerRuntimeEndpoint = flags.string("container-runtime-endpoint")
        if let images = flags.text("image-service-endpoint"), images != result.containerRuntimeEndpoint {
            throw FlagProblem("--image-service-endpoint \(images) must be the socket of --container-runtime-endpoint")
        }
        result.runtimeRequestTimeout = flags.duration("runtime-request-timeout")
        result.containerLogMaxSize = try bytes("container-log-max-size")
        result.containerLogMaxFiles = try number("container-log-max-files", 2...1000)
        result.registryPullQPS = Int32(clamping: flags.int("registry-qps"))
        result.serializeImagePulls = flags.bool("serialize-image-pulls")
        result.maxContainerRestartPeriod = flags.duration("crashLoopBackOff.maxContainerRestartPeriod")
    }

    private func pods(_ result: inout KubeletConfiguration) throws {
        result.staticPodPath = flags.string("pod-manifest-path")
        let frequency = flags.duration("file-check-frequency")
        if frequency > .zero { result.fileCheckFrequency = frequency }
        result.maxPods = try number("max-pods", 1...10_000)
        result.podPidsLimit = flags.int("pod-max-pids")
        result.clusterDNS = flags.list("cluster-dns")
        for address in result.clusterDNS where !IPLiteral.isValid(address) { throw FlagProblem("--cluster-dns \(address) must be an IP address") }
        result.clusterDomain = flags.string("cluster-domain")
        result.resolvConf = flags.string("resolv-conf")
        result.seccompDefault = flags.bool("seccomp-default")
    }

    private func resources(_ result: inout KubeletConfiguration) throws {
        let driver = flags.string("cgroup-driver")
        guard driver == "cgroupfs" || driver == "systemd" else { throw FlagProblem("--cgroup-driver \(driver) must be cgroupfs or systemd") }
        result.cgroupDriver = driver
        result.cgroupRoot = flags.text("cgroup-root") ?? "/"
        result.cgroupsPerQOS = flags.bool("cgroups-per-qos")
        result.cpuCFSQuota = flags.bool("cpu-cfs-quota")
        result.cpuCFSQuotaPeriod = flags.duration("cpu-cfs-quota-period")
        result.enforceNodeAllocatable = flags.list("enforce-node-allocatable")
        for name in result.enforceNodeAllocatable where name != "pods" && name != "none" {
            throw FlagProblem("--enforce-node-allocatable \(name) is not supported: only pods and none are")
        }
        result.systemReserved = flags.map("system-reserved")
        result.kubeReserved = flags.map("kube-reserved")
        for (name, amount) in result.systemReserved.merging(result.kubeReserved, uniquingKeysWith: { $1 }) where Quantity(amount) == nil {
            throw FlagProblem("--system-reserved and --kube-reserved: \(name)=\(amount) is not a quantity")
        }
        result.failSwapOn = flags.bool("fail-swap-on")
        if let memory = flags.map("eviction-hard")["memory.available"] { result.evictionHardMemory = try threshold(memory) }
    }

    /// A quantity, or a share of the machine's memory.
    private func threshold(_ text: String) throws(FlagProblem) -> String {
        if text.hasSuffix("%"), let share = Double(text.dropLast()), (0...100).contains(share) {
            let memory = Double(sysconf(Int32(_SC_PHYS_PAGES))) * Double(sysconf(Int32(_SC_PAGESIZE)))
            return "\(Int64(memory * share / 100))"
        }
        guard Quantity(text) != nil else { throw FlagProblem("--eviction-hard memory.available<\(text) must be a quantity or a percentage") }
        return text
    }

    private func bytes(_ name: String) throws(FlagProblem) -> Int64 {
        guard let quantity = Quantity(flags.string(name)), quantity.value > 0 else {
            throw FlagProblem("--\(name) \(flags.string(name)) must be a size such as 10Mi")
        }
        return quantity.value
    }

    private func number(_ name: String, _ range: ClosedRange<Int64>) throws(FlagProblem) -> Int {
        let value = flags.int(name)
        guard range.contains(value) else { throw FlagProblem("--\(name) \(value) must be between \(range.lowerBound) and \(range.upperBound)") }
        return Int(value)
    }
}
