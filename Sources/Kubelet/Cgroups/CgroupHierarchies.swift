import Glibc
import Linux

/// The cgroup hierarchies as this machine has them mounted: one unified tree (v2), or one per controller (v1).
struct CgroupHierarchies: Sendable, Equatable {
    enum Version: Sendable, Equatable { case v1, v2 }

    var version: Version
    /// v2: one mount point under "". v1: one per controller, and the named one under "systemd".
    var mounts: [String: String]

    static func detect() throws -> CgroupHierarchies {
        try detect(Mounts.list())
    }

    /// What `/sys/fs/cgroup` itself is decides, as runc decides: a v2 tree mounted elsewhere beside v1 has no controllers to give.
    static func detect(_ mounts: [Mounts.Entry]) throws -> CgroupHierarchies {
        var unified: String?
        var controllers: [String: String] = [:]
        for mount in mounts {
            switch mount.type {
            case "cgroup2" where mount.path == "/sys/fs/cgroup": unified = mount.path
            case "cgroup":
                for option in mount.options.split(separator: ",").map(String.init) {
                    if option == "name=systemd" {
                        controllers["systemd"] = mount.path
                    } else if known.contains(option) {
                        controllers[option] = mount.path
                    }
                }
            default: break
            }
        }
        if let unified { return CgroupHierarchies(version: .v2, mounts: ["": unified]) }
        guard controllers["memory"] != nil, controllers["cpu"] != nil else {
            throw KubeletError(
                "no cgroup controllers found: neither a cgroup v2 tree at /sys/fs/cgroup nor the v1 controllers cpu and memory are mounted; "
                    + "mount them (for example with the package cgroupfs-mount) and start again")
        }
        return CgroupHierarchies(version: .v1, mounts: controllers)
    }

    private static let known: Set<String> = [
        "cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio", "pids", "hugetlb", "net_cls", "net_prio", "perf_event", "misc", "rdma",
    ]

    /// The distinct mount points; controllers mounted together share one.
    var mountPoints: [String] { Array(Set(mounts.values)).sorted() }
}
