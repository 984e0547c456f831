import Glibc

/// One of the trees of cgroups that are mounted: one for each controller on version 1, one for all on version 2.
package struct CgroupHierarchy: Equatable, Sendable {
    /// Where it is mounted.
    package var path: String
    package var isVersion2: Bool
    /// What chooses it when it is mounted once more: controllers or a name; empty for version 2.
    package var selection: String

    package init(path: String, isVersion2: Bool, selection: String) {
        self.path = path
        self.isVersion2 = isVersion2
        self.selection = selection
    }

    package static func all() throws(SystemError) -> [CgroupHierarchy] {
        choose(try Mounts.list())
    }

    /// Each hierarchy once, where it was first mounted.
    static func choose(_ mounts: [Mounts.Entry]) -> [CgroupHierarchy] {
        var found: [CgroupHierarchy] = []
        for mount in mounts where mount.type == "cgroup" || mount.type == "cgroup2" {
            let hierarchy = CgroupHierarchy(path: mount.path, isVersion2: mount.type == "cgroup2", selection: selection(mount.options))
            if !found.contains(where: { $0.isVersion2 == hierarchy.isVersion2 && $0.selection == hierarchy.selection }) { found.append(hierarchy) }
        }
        return found
    }

    /// From the options that the kernel shows of a mount. One that has a name alone must be asked for with `none` beside it.
    private static func selection(_ options: String) -> String {
        let others = ["rw", "ro", "xattr", "clone_children", "noprefix", "nsdelegate", "memory_recursiveprot", "memory_localevents", "favordynmods"]
        let words = options.split(separator: ",").filter { !others.contains(String($0)) && !$0.hasPrefix("release_agent=") }
        let isNamed = words.count == 1 && words[0].hasPrefix("name=")
        return (isNamed ? "none," : "") + words.joined(separator: ",")
    }

    /// Makes a cgroup (such as `/lab/node`) that processes can move into, with those above it. Returns its folder.
    package func make(_ cgroup: String) throws(SystemError) -> String {
        var folder = path
        for name in Path.components(cgroup) {
            let parent = folder
            folder = "\(folder)/\(name)"
            try Files.makeDirectory(folder)
            if !isVersion2 {
                try Cgroups.inheritProcessors(folder, from: parent)
            } else if parent != path {
                // What the root hands on is the machine's own affair.
                Cgroups.handOn(from: parent)
            }
        }
        return folder
    }
}
