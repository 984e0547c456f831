import CoreV1

/// Names of the agent's cgroups under both drivers.
struct CgroupLayout: Sendable {
    /// "cgroupfs" or "systemd".
    var driver: String
    /// "/" or a path under which `kubepods` lies.
    var root: String

    /// The parts from the hierarchy's root to the pod's cgroup.
    func parts(qos: QoS, uid: String?) -> [String] {
        var names = ["kubepods"]
        switch qos {
        case .guaranteed: break
        case .burstable: names.append("burstable")
        case .bestEffort: names.append("besteffort")
        }
        if let uid { names.append("pod" + uid) }
        return names
    }

    /// The path in the file system, relative to a hierarchy's mount point, with a leading slash.
    func path(qos: QoS, uid: String?) -> String {
        let parts = parts(qos: qos, uid: uid)
        guard driver == "systemd" else { return prefix + "/" + parts.joined(separator: "/") }
        var path = prefix
        for count in 1...parts.count { path += "/" + CgroupLayout.slice(Array(parts.prefix(count))) }
        return path
    }

    /// What the runtime gets as the parent of a pod's containers.
    func runtimeParent(qos: QoS, uid: String) -> String {
        driver == "systemd" ? CgroupLayout.slice(parts(qos: qos, uid: uid)) : path(qos: qos, uid: uid)
    }

    private var prefix: String { root == "/" ? "" : (root.hasSuffix("/") ? String(root.dropLast()) : root) }

    /// systemd writes the nesting into the name, and a dash separates levels, so dashes inside a name become underscores.
    static func slice(_ parts: [String]) -> String {
        parts.map { $0.replacing("-", with: "_") }.joined(separator: "-") + ".slice"
    }
}
