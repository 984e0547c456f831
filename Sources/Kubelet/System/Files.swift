import Glibc

/// The file operations that the node agent needs, straight on system calls. All throw `SystemError`.
enum Files {
    static func exists(_ path: String) -> Bool {
        var info = stat()
        return lstat(path, &info) == 0
    }

    static func isDirectory(_ path: String) -> Bool {
        var info = stat()
        return stat(path, &info) == 0 && info.st_mode & S_IFMT == S_IFDIR
    }

    /// Reads a whole file; also those of /proc, whose size is unknown beforehand.
    /// - Parameter limit: more bytes than this are not read.
    static func read(_ path: String, limit: Int = 64 << 20) throws -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError("open", path) }
        defer { close(descriptor) }
        return try readAll(descriptor, path: path, limit: limit)
    }

    static func readText(_ path: String) throws -> String {
        String(decoding: try read(path), as: UTF8.self)
    }

    static func readAll(_ descriptor: Int32, path: String, limit: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        let chunk = 64 << 10
        while bytes.count < limit {
            let wanted = min(chunk, limit - bytes.count)
            let start = bytes.count
            bytes.append(contentsOf: repeatElement(0, count: wanted))
            let count = bytes.withUnsafeMutableBytes { buffer in
                retrying { Glibc.read(descriptor, buffer.baseAddress.map { $0 + start }, wanted) }
            }
            guard count >= 0 else { throw SystemError("read", path) }
            bytes.removeLast(wanted - count)
            if count == 0 { break }
        }
        return bytes
    }

    /// Creates or truncates a file and writes `bytes`. The mode is set exactly, whatever the umask.
    static func write(_ path: String, _ bytes: [UInt8], mode: mode_t = 0o644) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw SystemError("create", path) }
        defer { close(descriptor) }
        try writeAll(descriptor, bytes, path: path)
        guard fchmod(descriptor, mode) == 0 else { throw SystemError("set the mode of", path) }
    }

    /// Writes without creating: for files of cgroups and of /proc.
    static func writeExisting(_ path: String, _ text: String) throws {
        let descriptor = open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError("open", path) }
        defer { close(descriptor) }
        try writeAll(descriptor, Array(text.utf8), path: path)
    }

    /// Writes beside the target and renames, so that a reader sees the old or the new content and never a part.
    static func replace(_ path: String, _ bytes: [UInt8], mode: mode_t = 0o644) throws {
        let temporary = path + ".new"
        try write(temporary, bytes, mode: mode)
        guard rename(temporary, path) == 0 else { throw SystemError("rename", temporary) }
    }

    static func writeAll(_ descriptor: Int32, _ bytes: [UInt8], path: String) throws {
        try bytes.withUnsafeBytes { buffer in
            var offset = 0
            while offset < buffer.count {
                let count = retrying { Glibc.write(descriptor, buffer.baseAddress.map { $0 + offset }, buffer.count - offset) }
                guard count > 0 else { throw SystemError("write", path) }
                offset += count
            }
        }
    }

    /// Creates the folder and the missing ones above it. An existing folder keeps its mode.
    static func makeDirectories(_ path: String, mode: mode_t = 0o755) throws {
        if mkdir(path, mode) == 0 {
            guard chmod(path, mode) == 0 else { throw SystemError("set the mode of", path) }
            return
        }
        let code = errno
        if code == EEXIST {
            if isDirectory(path) { return }
            throw SystemError("create the folder", path, code: ENOTDIR)
        }
        guard code == ENOENT, let parent = Path.parent(path), parent != path else {
            throw SystemError("create the folder", path, code: code)
        }
        try makeDirectories(parent, mode: mode)
        try makeDirectories(path, mode: mode)
    }

    /// The names in a folder, sorted, without "." and "..".
    static func list(_ path: String) throws -> [String] {
        guard let directory = opendir(path) else { throw SystemError("list", path) }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                tuple.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    static func remove(_ path: String) throws {
        guard unlink(path) == 0 || errno == ENOENT else { throw SystemError("remove", path) }
    }

    static func removeEmptyDirectory(_ path: String) throws {
        guard rmdir(path) == 0 || errno == ENOENT else { throw SystemError("remove the folder", path) }
    }

    /// Removes a folder and all below it. Links are not followed, and nothing on another file system is touched: a mount that was
    /// left behind makes this fail instead of emptying what is mounted.
    static func removeTree(_ path: String) throws {
        var info = stat()
        guard lstat(path, &info) == 0 else {
            if errno == ENOENT { return }
            throw SystemError("look at", path)
        }
        try removeTree(path, info, device: info.st_dev)
    }

    private static func removeTree(_ path: String, _ info: stat, device: dev_t) throws {
        guard info.st_mode & S_IFMT == S_IFDIR else { return try remove(path) }
        guard info.st_dev == device else { throw SystemError("remove the mount point", path, code: EBUSY) }
        for name in try list(path) {
            let child = path + "/" + name
            var childInfo = stat()
            guard lstat(child, &childInfo) == 0 else {
                if errno == ENOENT { continue }
                throw SystemError("look at", child)
            }
            try removeTree(child, childInfo, device: device)
        }
        try removeEmptyDirectory(path)
    }

    static func readLink(_ path: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = buffer.withUnsafeMutableBytes { bytes in
            bytes.bindMemory(to: CChar.self).baseAddress.map { readlink(path, $0, bytes.count) } ?? -1
        }
        guard count >= 0 else { return nil }
        return String(decoding: buffer[0..<count], as: UTF8.self)
    }

    static func setOwner(_ path: String, user: uid_t, group: gid_t) throws {
        guard lchown(path, user, group) == 0 else { throw SystemError("change the owner of", path) }
    }

    static func setMode(_ path: String, _ mode: mode_t) throws {
        guard chmod(path, mode) == 0 else { throw SystemError("set the mode of", path) }
    }

    /// Repeats a call that a signal interrupted.
    static func retrying(_ call: () -> Int) -> Int {
        while true {
            let result = call()
            if result >= 0 || errno != EINTR { return result }
        }
    }
}

/// Text operations on paths; nothing here looks at the disk.
enum Path {
    static func parent(_ path: String) -> String? {
        guard let slash = path.lastIndex(of: "/") else { return nil }
        let parent = path[..<slash]
        return parent.isEmpty ? "/" : String(parent)
    }

    static func name(_ path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return path }
        return String(path[path.index(after: slash)...])
    }

    static func join(_ base: String, _ rest: String) -> String {
        if rest.isEmpty { return base }
        let tail = rest.drop { $0 == "/" }
        return base.hasSuffix("/") ? base + tail : base + "/" + tail
    }

    /// The parts between slashes, without empty ones and ".".
    static func components(_ path: String) -> [String] {
        path.split(separator: "/").map(String.init).filter { $0 != "." }
    }

    /// Whether the path is relative and has no "..": what may be joined to a volume's root.
    static func staysInside(_ path: String) -> Bool {
        !path.hasPrefix("/") && !path.split(separator: "/").contains("..")
    }
}
