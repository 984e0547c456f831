import Linux

/// Where the machine's cgroup hierarchies are mounted.
enum CgroupMounts {
    static func all() -> [String] {
        guard let text = (try? Files.readText("/proc/self/mounts")).flatMap({ $0 }) else { return [] }
        return text.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count > 2, fields[2] == "cgroup" || fields[2] == "cgroup2" else { return nil }
            return String(fields[1])
        }
    }
}
