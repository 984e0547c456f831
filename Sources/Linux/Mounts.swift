import Glibc

/// Mounting and unmounting, and what our process sees mounted.
package enum Mounts {
    package struct Entry: Equatable, Sendable {
        package var path: String
        package var type: String
        package var source: String
        /// Those of the file system, which all its mounts share.
        package var options = ""
    }

    package static func mountTmpfs(_ path: String, options: String) throws(SystemError) {
        guard Glibc.mount("tmpfs", path, "tmpfs", UInt(MS_NOSUID | MS_NODEV), options) == 0 else { throw SystemError("mount tmpfs on", path) }
    }

    package static func mount(
        _ type: String, on path: String, flags: Int = 0, options: String = ""
    ) throws(SystemError) {
        guard Glibc.mount(type, path, type, UInt(flags), options) == 0 else { throw SystemError("mount \(type) on", path) }
    }

    /// Shows `lower` at `path`, with all changes kept in `upper`. None of the paths may have a colon or a comma.
    ///
    /// - Parameter work: an empty folder beside `upper` for the kernel.
    package static func overlay(_ lower: String, upper: String, work: String, on path: String) throws(SystemError) {
        try mount("overlay", on: path, options: "lowerdir=\(lower),upperdir=\(upper),workdir=\(work)")
    }

    /// Whether what is mounted below `path` from now on is seen elsewhere too.
    package static func setPropagation(_ path: String, shared: Bool) throws(SystemError) {
        let flags = UInt(MS_REC) | UInt(shared ? MS_SHARED : MS_PRIVATE)
        guard Glibc.mount(nil, path, nil, flags, nil) == 0 else { throw SystemError("change the propagation of", path) }
    }

    /// Makes what is mounted at a path readable only, and what lies mounted below it not.
    package static func makeReadOnly(_ path: String) throws(SystemError) {
        guard Glibc.mount(nil, path, nil, UInt(MS_BIND | MS_REMOUNT | MS_RDONLY), nil) == 0 else { throw SystemError("protect", path) }
    }

    package static func bind(_ source: String, _ target: String) throws(SystemError) {
        guard Glibc.mount(source, target, nil, UInt(MS_BIND | MS_REC), nil) == 0 else { throw SystemError("bind \(source) to", target) }
    }

    /// Takes one mount away; one that processes still use goes from the tree now and from memory with the last of them. None there is success.
    package static func unmount(_ path: String) throws(SystemError) {
        if umount2(path, 0) == 0 || errno == ENOENT || errno == EINVAL { return }
        guard errno == EBUSY, umount2(path, Int32(MNT_DETACH)) == 0 else { throw SystemError("unmount", path) }
    }

    /// What is mounted on and below a folder, the last mounted first: the order to unmount in.
    package static func under(_ folder: String) throws(SystemError) -> [Entry] {
        try list().filter { $0.path == folder || $0.path.hasPrefix(folder + "/") }.reversed()
    }

    /// Takes away every mount under a folder. Returns those that could not be.
    package static func unmountAll(under folder: String) throws(SystemError) -> [String] {
        for entry in try under(folder) { umount2(entry.path, Int32(MNT_DETACH)) }
        return try under(folder).map(\.path)
    }

    /// Whether a file system of its own begins at the folder: then it lies on another device than the folder above it. Cheaper than `list`,
    /// which grows with every volume of the node; a bind mount from the same device goes unnoticed.
    package static func isMountPoint(_ path: String) throws(SystemError) -> Bool {
        var own = stat()
        var above = stat()
        guard lstat(path, &own) == 0, lstat(path + "/..", &above) == 0 else { throw SystemError("stat", path) }
        return own.st_dev != above.st_dev
    }

    /// Everything, in the order of mounting.
    package static func list() throws(SystemError) -> [Entry] {
        let path = "/proc/self/mountinfo"
        guard let text = try Files.readText(path) else { throw SystemError("read", path, errno: ENOENT) }
        return parse(text)
    }

    package static func parse(_ mountinfo: String) -> [Entry] {
        mountinfo.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ", omittingEmptySubsequences: false)
            // The optional fields before "-" vary in number.
            guard fields.count > 6, let dash = fields.firstIndex(of: "-"), dash + 2 < fields.count else { return nil }
            return Entry(
                path: unescaped(fields[4]), type: String(fields[dash + 1]), source: unescaped(fields[dash + 2]),
                options: dash + 3 < fields.count ? String(fields[dash + 3]) : "")
        }
    }

    /// The kernel writes blanks and backslashes as three octal digits.
    private static func unescaped(_ field: Substring) -> String {
        guard field.contains("\\") else { return String(field) }
        var bytes: [UInt8] = []
        var rest = Array(field.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), rest.count >= 3, let value = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8) {
                bytes.append(value)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
