import CLinux
import Glibc
import Linux

/// What a machine sees mounted. All of it is done by its process 1, in a mount namespace that nobody else has, and goes with it.
struct RootFileSystem {
    let folder: MachineFolder
    let machine: MachinePlan
    /// The host's, as they were when the machine was started.
    let hierarchies: [CgroupHierarchy]

    /// Mounts everything and changes over: afterwards the host's files are out of reach.
    func enter() throws {
        let root = folder.disk
        // First of all, so that nothing of the rest shows on the host.
        try Mounts.setPropagation("/", shared: false)
        try Mounts.bind(root, root)
        try Disk(folder: folder).mountShared()
        try Files.removeContents(of: "\(root)/tmp")
        try Mounts.mount("tmpfs", on: "\(root)/run", flags: MS_NOSUID | MS_NODEV, options: "mode=755")
        try Files.makeDirectory("\(root)/run/lock", mode: 0o1777)
        try mountProc("\(root)/proc")
        try mountSys("\(root)/sys")
        try Devices.mount(on: "\(root)/dev")
        let result = apus_pivot_root(root)
        if result < 0 { throw SystemError("change the root to", root, errno: -result) }
        guard umount2(".", Int32(MNT_DETACH)) == 0, chdir("/") == 0 else { throw SystemError("leave the host's files") }
        // Pods see what is mounted later, as on a machine with a service manager.
        try Mounts.setPropagation("/", shared: true)
    }

    /// Settings that are the machine's own can be changed, such as all of its network; those of the whole kernel can't.
    private func mountProc(_ path: String) throws {
        try Mounts.mount("proc", on: path, flags: MS_NOSUID | MS_NODEV | MS_NOEXEC)
        let network = "\(path)/sys/net"
        try Mounts.bind("\(path)/sys", "\(path)/sys")
        try Mounts.bind(network, network)
        try Mounts.makeReadOnly("\(path)/sys")
        if Files.exists("\(path)/sysrq-trigger") {
            try Mounts.bind("\(path)/sysrq-trigger", "\(path)/sysrq-trigger")
            try Mounts.makeReadOnly("\(path)/sysrq-trigger")
        }
    }

    private func mountSys(_ path: String) throws {
        // Shows the links of the network namespace that it is mounted in.
        try Mounts.mount("sysfs", on: path, flags: MS_NOSUID | MS_NODEV | MS_NOEXEC)
        try mountIdentity(path)
        try mountCgroups(path)
    }

    /// The machine's serial number, at the place of the host's, or of one that the host does not have.
    private func mountIdentity(_ sys: String) throws {
        let file = "class/dmi/id/product_uuid"
        let upper = folder.upper("sys/class")
        try Files.makeDirectory("\(upper)/dmi/id")
        try Files.write("\(upper)/dmi/id/product_uuid", Array("\(machine.productUUID)\n".utf8), mode: 0o400)
        if Files.exists("\(sys)/\(file)") { return try Mounts.bind("\(upper)/dmi/id/product_uuid", "\(sys)/\(file)") }
        try Files.makeDirectory(folder.workdir("sys/class"))
        try Mounts.overlay("\(sys)/class", upper: upper, work: folder.workdir("sys/class"), on: "\(sys)/class")
    }

    /// Each hierarchy once more, as it looks from the cgroup that the machine is in: that is its root.
    private func mountCgroups(_ sys: String) throws {
        let flags = MS_NOSUID | MS_NODEV | MS_NOEXEC
        let top = "/sys/fs/cgroup"
        if !hierarchies.contains(where: { $0.path == top }) {
            try Mounts.mount("tmpfs", on: sys + top.dropFirst("/sys".count), flags: flags, options: "mode=755")
        }
        for hierarchy in hierarchies where hierarchy.path == top || hierarchy.path.hasPrefix(top + "/") {
            let path = sys + hierarchy.path.dropFirst("/sys".count)
            try Files.makeDirectory(path)
            try Mounts.mount(hierarchy.isVersion2 ? "cgroup2" : "cgroup", on: path, flags: flags, options: hierarchy.selection)
            if hierarchy.isVersion2 { try makeRoom(CgroupHierarchy(path: path, isVersion2: true, selection: "")) }
        }
    }

    /// On version 2 a cgroup that has processes itself can't hand controllers on: process 1 goes below the machine's root.
    private func makeRoom(_ hierarchy: CgroupHierarchy) throws {
        guard let controllers = try Files.readText("\(hierarchy.path)/cgroup.controllers"), !controllers.isEmpty else { return }
        try Files.makeDirectory("\(hierarchy.path)/init")
        try Files.writeSetting("\(hierarchy.path)/init/cgroup.procs", "0")
        Cgroups.handOn(from: hierarchy.path)
    }
}
