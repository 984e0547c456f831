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
