import Glibc
import Linux

/// Gives a volume's files to the pod's fsGroup.
enum VolumeOwnership {
    /// Group, group access, and on folders the set-group-id bit, for all below `root`. Links are not followed.
    static func apply(_ root: String, group: gid_t) throws {
        var info = stat()
        guard lstat(root, &info) == 0 else { throw SystemError("look at", root) }
        let kind = info.st_mode & S_IFMT
        guard lchown(root, uid_t.max, group) == 0 else { throw SystemError("change the group of", root) }
        if kind == S_IFLNK { return }
        let isFolder = kind == S_IFDIR
        try Files.setMode(root, (info.st_mode & 0o7777) | 0o660 | (isFolder ? 0o2110 : 0))
        guard isFolder else { return }
        for name in try Files.list(root) { try apply(root + "/" + name, group: group) }
    }
}
