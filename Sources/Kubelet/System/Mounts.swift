import Glibc

/// Mounting and unmounting, and what the kernel says is mounted.
enum Mounts {
    struct Entry: Equatable {
        var path: String
        var type: String
        var source: String
    }

    static func mountTmpfs(_ path: String, options: String) throws {
        guard mount("tmpfs", path, "tmpfs", UInt(MS_NOSUID | MS_NODEV), options) == 0 else {
            throw SystemError("mount tmpfs on", path)
        }
    }

    static func bind(_ source: String, _ target: String) throws {
        guard mount(source, target, nil, UInt(MS_BIND | MS_REC), nil) == 0 else {
            throw SystemError("bind \(source) to", target)
        }
    }

    static func makeShared(_ path: String) throws {
        guard mount(nil, path, nil, UInt(MS_SHARED | MS_REC), nil) == 0 else {
            throw SystemError("share the mounts of", path)
        }
    }

    static func unmount(_ path: String) throws {
        if umount2(path, 0) == 0 { return }
        switch errno {
        case ENOENT, EINVAL: return  // gone, or no mount point: nothing to do
        case EBUSY:
            // A process still sits in it; detach so that it disappears from the tree now and from memory when that process ends.
            guard umount2(path, Int32(MNT_DETACH)) == 0 else { throw SystemError("unmount", path) }
        default: throw SystemError("unmount", path)
        }
    }

    /// Everything mounted below `folder` (and on it), deepest first: the order to unmount in.
    static func below(_ folder: String) throws -> [Entry] {
        try list().filter { $0.path == folder || $0.path.hasPrefix(folder + "/") }
            .sorted { $0.path.utf8.count > $1.path.utf8.count }
    }

    /// Whether a file system of its own begins at the folder: then it lies on another device than the folder above it. Cheaper than `list`,
    /// which grows with every volume of the node; a bind mount from the same device goes unnoticed.
    static func isMountPoint(_ path: String) throws -> Bool {
        var own = stat()
        var above = stat()
        guard lstat(path, &own) == 0, lstat(path + "/..", &above) == 0 else { throw SystemError("stat", path) }
        return own.st_dev != above.st_dev
    }

    static func list() throws -> [Entry] {
        parse(try Files.readText("/proc/self/mountinfo"))
    }

    static func parse(_ mountinfo: String) -> [Entry] {
        mountinfo.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ", omittingEmptySubsequences: false)
            // The optional fields before "-" vary in number.
            guard fields.count > 6, let dash = fields.firstIndex(of: "-"), dash + 2 < fields.count else { return nil }
            return Entry(path: unescape(fields[4]), type: String(fields[dash + 1]), source: unescape(fields[dash + 2]))
        }
    }

    /// The kernel writes blanks and backslashes as three octal digits.
    private static func unescape(_ field: Substring) -> String {
        guard field.contains("\\") else { return String(field) }
        var bytes: [UInt8] = []
        var rest = Array(field.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), rest.count >= 3,
                let value = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8)
            {
                bytes.append(value)
                rest.removeFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
