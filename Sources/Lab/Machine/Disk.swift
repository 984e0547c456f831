import CLinux
import Glibc
import Linux

/// A machine's disk: folders of its own, and such that begin as the host's and keep what the machine changes.
///
/// What is shared shows the host's programs and packages, so that a new machine has the host's distribution installed and takes no room. What
/// tells one machine from another, and what belongs to a cluster, is not shared.
struct Disk: Sendable {
    let folder: MachineFolder

    /// What begins as the host's. Nothing of a lab can be kept in these.
    static let sharedTrees = ["usr", "etc", "opt"]
    /// Folders of programs and libraries: links into `/usr` on most machines of today.
    private static let programTrees = ["bin", "sbin", "lib", "lib32", "lib64", "libx32"]
    /// Which packages are installed.
    private static let packages = "var/lib/dpkg"

    /// Folders that a machine has for itself, with their modes.
    private static let own: [(path: String, mode: UInt32)] = [
        ("dev", 0o755), ("home", 0o755), ("media", 0o755), ("mnt", 0o755), ("proc", 0o555), ("root", 0o700), ("run", 0o755), ("srv", 0o755),
        ("sys", 0o555), ("tmp", 0o1777), ("var/backups", 0o755), ("var/cache/apt/archives/partial", 0o755), ("var/cache/debconf", 0o755),
        ("var/cache/ldconfig", 0o700), ("var/lib/apt/lists/partial", 0o755), ("var/lib/misc", 0o755), ("var/local", 0o755),
        ("var/log/apt", 0o755), ("var/mail", 0o755), ("var/spool", 0o755), ("var/tmp", 0o1777),
    ]

    /// Below `/etc` and `/opt`: what the host has there says nothing about the machine.
    private static let emptied = [
        "etc/apus", "etc/cni", "etc/containerd", "etc/kubernetes", "etc/rc0.d", "etc/rc1.d", "etc/rc2.d", "etc/rc3.d", "etc/rc4.d", "etc/rc5.d",
        "etc/rc6.d", "etc/rcS.d",
    ]

    /// Makes the disk of a new machine.
    func make(_ lab: LabPlan, _ machine: MachinePlan) async throws {
        try Files.makeDirectory(folder.path, mode: 0o700)
        try Files.makeDirectory(folder.disk)
        for (path, mode) in Self.own { try Files.makeDirectory("\(folder.disk)/\(path)", mode: mode) }
        for (link, target) in [("var/run", "/run"), ("var/lock", "/run/lock")] { try Files.makeLink("\(folder.disk)/\(link)", to: target) }
        for name in Self.programTrees {
            if let target = Files.readLink("/\(name)") { try Files.makeLink("\(folder.disk)/\(name)", to: target) }
        }
        for tree in Self.trees {
            for path in ["\(folder.disk)/\(tree)", folder.upper(tree), folder.workdir(tree)] { try Files.makeDirectory(path) }
        }
        for path in Self.emptied { try makeEmpty(path) }
        if !lab.isBare { try await Installation.copyProgram(upperPath) }
        for file in MachineFiles.all(lab, machine) + (lab.isBare ? [] : Installation.files) {
            let path = upperPath(file.path)
            try Files.makeDirectory(Path.parent(path) ?? "/")
            switch file.content {
            case .text(let bytes): try Files.write(path, bytes, mode: file.mode)
            case .link(let target): try Files.makeLink(path, to: target)
            }
        }
    }

    /// Mounts what is shared onto the disk; seen by this mount namespace alone.
    func mountShared() throws(SystemError) {
        for tree in Self.trees {
            try Mounts.overlay("/\(tree)", upper: folder.upper(tree), work: folder.workdir(tree), on: "\(folder.disk)/\(tree)")
        }
    }

    private static var trees: [String] {
        sharedTrees + programTrees.filter { Files.readLink("/\($0)") == nil && Files.isDirectory("/\($0)") }
            + (Files.isDirectory("/\(packages)") ? [packages] : [])
    }

    /// Whether machines see this file of the host's. What is mounted inside one of the trees does not show through the overlay on it.
    static func isShared(_ path: String) -> Bool {
        guard let tree = (sharedTrees + programTrees).first(where: { path.hasPrefix("/\($0)/") }) else { return false }
        // Mounts that can't be told are taken for some: the file is copied, which does no harm.
        guard let mounts = try? Mounts.under("/\(tree)") else { return false }
        return !mounts.contains { $0.path.utf8.count > tree.utf8.count + 1 && path.hasPrefix($0.path + "/") }
    }

    /// Where a file of the machine is kept that was not the host's.
    private func upperPath(_ path: String) -> String {
        for tree in Self.trees where path.hasPrefix(tree + "/") { return folder.upper(tree) + path.dropFirst(tree.count) }
        return "\(folder.disk)/\(path)"
    }

    /// A folder that shows nothing of the host's.
    private func makeEmpty(_ path: String) throws {
        let upper = upperPath(path)
        try Files.makeDirectory(upper)
        let failure = apus_set_attribute(upper, "trusted.overlay.opaque", "y", 1)
        if failure < 0 { throw SystemError("empty the folder", upper, errno: -failure) }
    }
}
