import Glibc

/// Control groups as files; which version is mounted does not matter here.
package enum Cgroups {
    /// Kills the processes of a cgroup and of those below it and removes them all. None there is success.
    package static func remove(_ path: String) async throws {
        // The kernel lets go of a killed process a moment later, and there is no event to wait for on version 1.
        for attempt in 0..<50 {
            if removeOnce(path) { return }
            try await Task.sleep(for: .milliseconds(attempt < 5 ? 10 : 100))
        }
        throw SystemError("remove the cgroup \(path)", errno: EBUSY)
    }

    /// Hands the controllers of a cgroup of version 2 on to those below it. One that holds processes itself can't, and need not.
    ///
    /// - Parameter wanted: which of them; nil for all.
    package static func handOn(_ wanted: Set<String>? = nil, from folder: String) {
        guard let controllers = try? Files.readText("\(folder)/cgroup.controllers") else { return }
        for controller in controllers.split(whereSeparator: \.isWhitespace) where wanted?.contains(String(controller)) ?? true {
            // One by one, so that one the kernel refuses does not keep back the others.
            try? Files.writeSetting("\(folder)/cgroup.subtree_control", "+\(controller)")
        }
    }

    /// Gives a new cpuset of version 1 the processors of the one above it: it is made without any, and takes no process until it has one.
    package static func inheritProcessors(_ folder: String, from parent: String) throws(SystemError) {
        for file in ["cpuset.cpus", "cpuset.mems"] {
            guard try Files.readText("\(folder)/\(file)") == "", let above = try Files.readText("\(parent)/\(file)"), !above.isEmpty else { continue }
            try Files.writeSetting("\(folder)/\(file)", above)
        }
    }

    /// True when it is gone.
    private static func removeOnce(_ path: String) -> Bool {
        guard Files.isDirectory(path) else { return true }
        var gone = true
        for name in (try? Files.list(path)) ?? [] where Files.isDirectory("\(path)/\(name)") {
            gone = removeOnce("\(path)/\(name)") && gone
        }
        if !gone { return false }
        if rmdir(path) == 0 || errno == ENOENT { return true }
        for line in ((try? Files.readText("\(path)/cgroup.procs")) ?? "").split(separator: "\n") {
            if let pid = Int32(line), pid > 0 { kill(pid, SIGKILL) }
        }
        return rmdir(path) == 0 || errno == ENOENT
    }
}
