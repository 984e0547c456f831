import Linux

/// Which of the two ways of making cgroups a machine uses: kubelet and runtime must agree on it.
enum CgroupDriver {
    /// What fits the machine.
    static var current: String { Files.exists("/run/systemd/system") ? "systemd" : "cgroupfs" }

    /// - Parameters:
    ///   - wanted: what the configuration file says; nil: the kubelet does as the runtime does.
    ///   - machine: what fits the machine.
    static func findings(_ runtime: RuntimeProbe, wanted: String? = nil, machine: String = current) -> [Finding] {
        guard let driver = runtime.cgroupDriver else { return [] }
        let line = "SystemdCgroup = \(driver == "cgroupfs") under [plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc.options]"
        let remedy = "\(line) in /etc/containerd/config.toml and a restart (systemctl restart containerd) change the runtime's"
        if let wanted, wanted != driver {
            return [
                .error(
                    "CgroupDriver",
                    "cgroupDriver of the kubelet is to be \(wanted), and the container runtime's is \(driver): pods would not start; \(remedy)")
            ]
        }
        guard driver != machine, machine == "systemd" else { return [] }
        return [
            .warning(
                "CgroupDriver",
                "the container runtime makes cgroups itself (\(driver)) on a machine where systemd keeps them, and the kubelet will do as the runtime: \(remedy)"
            )
        ]
    }
}
