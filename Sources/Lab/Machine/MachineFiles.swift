import ContainerRuntime
import Linux

/// The files that a new machine has of its own.
enum MachineFiles {
    struct File {
        enum Content {
            case text([UInt8])
            case link(String)
        }

        /// Below `/`.
        var path: String
        var content: Content
        var mode: UInt32 = 0o644
    }

    static func all(_ lab: LabPlan, _ machine: MachinePlan) -> [File] {
        initTools() + [
            text("etc/hostname", machine.hostname + "\n"),
            text("etc/hosts", hosts(lab)),
            text("etc/machine-id", machine.machineID + "\n", mode: 0o444),
            text("etc/resolv.conf", "# The machines of a lab have no way out, and so no nameserver.\n"),
            text("etc/fstab", "# What a machine of a lab has mounted is mounted by its process 1.\n"),
            text("etc/containerd/config.toml", containerd(restrictOOMScore: !Capabilities.has(.sysResource))),
            File(path: "etc/init.d/containerd", content: .text(PackageResources.containerd_init), mode: 0o755),
            File(path: "etc/rc0.d/K01containerd", content: .link("../init.d/containerd")),
            File(path: "etc/rc2.d/S01containerd", content: .link("../init.d/containerd")),
        ]
    }

    /// By what packages decide whether their services are started: they are. A host without an init of its own, such as a container, need not have
    /// what tells the run level.
    private static func initTools() -> [File] {
        let runLevel = text("usr/sbin/runlevel", "#!/bin/sh\necho N 2\n", mode: 0o755)
        let hasRunLevel = Files.exists("/usr/sbin/runlevel") || Files.exists("/sbin/runlevel")
        return [text("usr/sbin/policy-rc.d", "#!/bin/sh\nexit 0\n", mode: 0o755)] + (hasRunLevel ? [] : [runLevel])
    }

    static func hosts(_ lab: LabPlan) -> String {
        let names = lab.machines.map { "\($0.address)\t\($0.hostname)" }
        return (["127.0.0.1\tlocalhost", "::1\tlocalhost ip6-localhost ip6-loopback"] + names).joined(separator: "\n") + "\n"
    }

    /// The distribution's containerd, with what the lab's host needs.
    static func containerd(restrictOOMScore: Bool) -> String {
        """
        version = 2

        [plugins."io.containerd.grpc.v1.cri"]
          # Some hosts do not let even root lower the score.
          restrict_oom_score_adj = \(restrictOOMScore)

          [plugins."io.containerd.grpc.v1.cri".cni]
            bin_dir = "\(ContainerdConfiguration.findPlugins())"
            conf_dir = "/etc/cni/net.d"

        """
    }

    private static func text(_ path: String, _ text: String, mode: UInt32 = 0o644) -> File {
        File(path: path, content: .text(Array(text.utf8)), mode: mode)
    }
}
