import Glibc
import Linux

/// Creates, sets and removes cgroups, the same way whichever version the machine has.
struct CgroupFiles: Sendable {
    var hierarchies: CgroupHierarchies

    /// Creates the cgroup and what is missing above it.
    func create(_ path: String) throws {
        for mount in hierarchies.mountPoints {
            var current = mount
            for part in Path.components(path) {
                let parent = current
                current += "/" + part
                if hierarchies.version == .v2 { Cgroups.handOn(CgroupFiles.wanted, from: parent) }
                let isNew = mkdir(current, 0o755) == 0
                if !isNew && errno != EEXIST { throw SystemError("create the cgroup", current) }
                if hierarchies.mounts["cpuset"] == mount { try Cgroups.inheritProcessors(current, from: parent) }
            }
        }
    }

    func exists(_ path: String) -> Bool {
        hierarchies.mountPoints.contains { Files.isDirectory($0 + path) }
    }

    func set(_ path: String, _ values: CgroupValues) throws {
        switch hierarchies.version {
        case .v1: try setV1(path, values)
        case .v2: try setV2(path, values)
        }
    }

    /// Processes in the cgroup and all below it.
    func processes(_ path: String) -> [pid_t] {
        // Any one hierarchy would do, but a process may have left some of them.
        var found: Set<pid_t> = []
        for mount in hierarchies.mountPoints { collectProcesses(mount + path, &found) }
        return found.sorted()
    }

    /// Removes the cgroup and all below it. What still runs in it is killed.
    /// - Returns: false when processes have not ended yet; call again later.
    func remove(_ path: String) throws -> Bool {
        for process in processes(path) { kill(process, SIGKILL) }
        var isGone = true
        for mount in hierarchies.mountPoints where !removeFolder(mount + path) { isGone = false }
        return isGone
    }

    // MARK: Versions

    private func setV1(_ path: String, _ values: CgroupValues) throws {
        func write(_ controller: String, _ file: String, _ value: Int64?) throws {
            guard let value, let mount = hierarchies.mounts[controller] else { return }
            try Files.writeSetting(mount + path + "/" + file, String(value))
        }
        try write("cpu", "cpu.shares", values.cpuShares)
        try write("cpu", "cpu.cfs_period_us", values.cpuPeriod)
        try write("cpu", "cpu.cfs_quota_us", values.cpuQuota)
        try write("memory", "memory.limit_in_bytes", values.memoryLimit)
        try write("pids", "pids.max", values.pidsLimit)
    }

    private func setV2(_ path: String, _ values: CgroupValues) throws {
        let folder = (hierarchies.mounts[""] ?? "/sys/fs/cgroup") + path
        if let shares = values.cpuShares { try Files.writeSetting(folder + "/cpu.weight", String(ContainerResources.weight(shares: shares))) }
        if let quota = values.cpuQuota {
            try Files.writeSetting(folder + "/cpu.max", "\(quota < 0 ? "max" : String(quota)) \(values.cpuPeriod ?? 100_000)")
        }
        if let limit = values.memoryLimit { try Files.writeSetting(folder + "/memory.max", limit < 0 ? "max" : String(limit)) }
        if let limit = values.pidsLimit { try Files.writeSetting(folder + "/pids.max", String(limit)) }
    }

    /// Controllers that pods' cgroups use: in each only what its parent hands on.
    private static let wanted: Set<String> = ["cpu", "cpuset", "memory", "pids", "io", "hugetlb"]

    private func collectProcesses(_ folder: String, _ found: inout Set<pid_t>) {
        guard let text = try? Files.readText(folder + "/cgroup.procs") else { return }
        for line in text.split(separator: "\n") {
            if let process = pid_t(line), process > 1 { found.insert(process) }
        }
        for name in (try? Files.list(folder)) ?? [] where Files.isDirectory(folder + "/" + name) {
            collectProcesses(folder + "/" + name, &found)
        }
    }

    private func removeFolder(_ folder: String) -> Bool {
        guard Files.isDirectory(folder) else { return true }
        for name in (try? Files.list(folder)) ?? [] where Files.isDirectory(folder + "/" + name) {
            _ = removeFolder(folder + "/" + name)
        }
        return rmdir(folder) == 0 || errno == ENOENT
    }
}
