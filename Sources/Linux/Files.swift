import Glibc

/// Small blocking file operations with errors that name the path.
package enum Files {
    package static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    package static func isDirectory(_ path: String) -> Bool {
        var info = stat()
        return stat(path, &info) == 0 && info.st_mode & S_IFMT == S_IFDIR
    }

    /// The whole file; nil when there is none.
    package static func read(_ path: String) throws(SystemError) -> [UInt8]? {
        let fd = open(path, O_RDONLY | O_CLOEXEC)
        if fd < 0 {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw SystemError("read \(path)", errno: errno)
        }
        defer { close(fd) }
        return try readAll(fd, path)
    }

    /// What is left to read from a descriptor, at most `limit` bytes.
    package static func readAll(_ fd: Int32, _ path: String, limit: Int = .max) throws(SystemError) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: min(65536, limit))
        while bytes.count < limit {
            let wanted = min(chunk.count, limit - bytes.count)
            let n = retrying { Glibc.read(fd, &chunk, wanted) }
            if n < 0 { throw SystemError("read", path) }
            if n == 0 { break }
            bytes.append(contentsOf: chunk[..<n])
        }
        return bytes
    }

    /// The whole file as text, without white space at its end; nil when there is none.
    package static func readText(_ path: String) throws(SystemError) -> String? {
        guard var bytes = try read(path) else { return nil }
        while let last = bytes.last, last == 0x0A || last == 0x20 || last == 0x0D { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Puts the bytes into a new file beside `path`, syncs it and moves it into place: a reader sees the old file or the new one, whole.
    package static func writeAtomically(_ path: String, _ bytes: [UInt8], mode: UInt32 = 0o644) throws(SystemError) {
        let temporary = "\(path).tmp\(getpid())"
        let fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        if fd < 0 { throw SystemError("write \(temporary)", errno: errno) }
        var failure: Int32 = 0
        if fchmod(fd, mode) != 0 { failure = errno }
        if failure == 0 { failure = writeAll(fd, bytes) }
        if failure == 0 && fsync(fd) != 0 { failure = errno }
        if close(fd) != 0 && failure == 0 { failure = errno }
        if failure == 0 && rename(temporary, path) != 0 { failure = errno }
        if failure != 0 {
            unlink(temporary)
            throw SystemError("write \(path)", errno: failure)
        }
    }

    package static func writeAtomically(_ path: String, _ text: String, mode: UInt32 = 0o644) throws(SystemError) {
        try writeAtomically(path, Array(text.utf8), mode: mode)
    }

    /// Creates a file or empties it, and writes the bytes in place: for what others have open or mounted. The mode is set whatever the umask.
    package static func write(_ path: String, _ bytes: [UInt8], mode: UInt32 = 0o644) throws(SystemError) {
        let fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        if fd < 0 { throw SystemError("create", path) }
        defer { close(fd) }
        let failure = writeAll(fd, bytes)
        if failure != 0 { throw SystemError("write", path, errno: failure) }
        if fchmod(fd, mode) != 0 { throw SystemError("set the mode of", path) }
    }

    /// Writes into a file that is there already, in one call, as kernel settings and cgroups want it.
    package static func writeSetting(_ path: String, _ value: String) throws(SystemError) {
        let fd = open(path, O_WRONLY | O_CLOEXEC)
        if fd < 0 { throw SystemError("write \(value) to \(path)", errno: errno) }
        defer { close(fd) }
        let failure = writeAll(fd, Array(value.utf8))
        if failure != 0 { throw SystemError("write \(value) to \(path)", errno: failure) }
    }

    /// Writes every byte; returns 0 or an errno.
    package static func writeAll(_ fd: Int32, _ bytes: [UInt8]) -> Int32 {
        bytes.withUnsafeBytes { buffer in
            var rest = buffer[...]
            while !rest.isEmpty {
                let n = retrying { Glibc.write(fd, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count) }
                if n < 0 { return errno }
                rest = rest.dropFirst(n)
            }
            return 0
        }
    }

    /// Makes a folder and those above it, with this mode whatever the umask. One that is there is left as it is.
    package static func makeDirectory(_ path: String, mode: UInt32 = 0o755) throws(SystemError) {
        if mkdir(path, mode) == 0 {
            if chmod(path, mode) != 0 { throw SystemError("set the mode of", path) }
            return
        }
        let failure = errno
        if failure == EEXIST && isDirectory(path) { return }
        guard failure == ENOENT, let parent = Path.parent(path), parent != path else {
            throw SystemError("make folder", path, errno: failure == EEXIST ? ENOTDIR : failure)
        }
        try makeDirectory(parent, mode: mode)
        if mkdir(path, mode) != 0 {
            if errno == EEXIST && isDirectory(path) { return }
            throw SystemError("make folder", path)
        }
        if chmod(path, mode) != 0 { throw SystemError("set the mode of", path) }
    }

    /// Names in a folder, sorted, without `.` and `..`; empty when there is no such folder.
    package static func list(_ path: String) throws(SystemError) -> [String] {
        guard let directory = opendir(path) else {
            if errno == ENOENT || errno == ENOTDIR { return [] }
            throw SystemError("list \(path)", errno: errno)
        }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Removes a file or a link. Nothing there is success.
    package static func remove(_ path: String) throws(SystemError) {
        if unlink(path) != 0 && errno != ENOENT && errno != ENOTDIR { throw SystemError("remove", path) }
    }

    package static func removeEmptyDirectory(_ path: String) throws(SystemError) {
        if rmdir(path) != 0 && errno != ENOENT { throw SystemError("remove the folder", path) }
    }

    /// Removes a file or a whole folder, following no links and crossing into no other file system. Nothing there is success.
    package static func removeTree(_ path: String) throws(SystemError) {
        var info = stat()
        if lstat(path, &info) != 0 {
            if errno == ENOENT || errno == ENOTDIR { return }
            throw SystemError("remove \(path)", errno: errno)
        }
        try removeTree(path, info, device: info.st_dev)
    }

    /// Removes all that is in a folder, which stays. None there is success.
    package static func removeContents(of path: String) throws(SystemError) {
        guard exists(path) else { return }
        for name in try list(path) { try removeTree("\(path)/\(name)") }
    }

    private static func removeTree(_ path: String, _ info: stat, device: dev_t) throws(SystemError) {
        if info.st_dev != device { throw SystemError("remove \(path), which is a mount", errno: EBUSY) }
        if info.st_mode & S_IFMT == S_IFDIR {
            for name in try list(path) {
                var child = stat()
                let childPath = "\(path)/\(name)"
                if lstat(childPath, &child) == 0 { try removeTree(childPath, child, device: device) }
            }
            if rmdir(path) != 0 && errno != ENOENT { throw SystemError("remove \(path)", errno: errno) }
        } else if unlink(path) != 0 && errno != ENOENT {
            throw SystemError("remove \(path)", errno: errno)
        }
    }

    /// Where a link leads; nil for what is none.
    package static func readLink(_ path: String) -> String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(path, &buffer, buffer.count)
        return count < 0 ? nil : String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// A symbolic link. One that leads there already is left as it is.
    package static func makeLink(_ path: String, to target: String) throws(SystemError) {
        guard symlink(target, path) != 0 else { return }
        let failure = errno
        if failure != EEXIST || readLink(path) != target { throw SystemError("make the link", path, errno: failure) }
    }

    /// Of a link itself, not of what it leads to.
    package static func setOwner(_ path: String, user: UInt32, group: UInt32) throws(SystemError) {
        if lchown(path, user, group) != 0 { throw SystemError("change the owner of", path) }
    }

    package static func setMode(_ path: String, _ mode: UInt32) throws(SystemError) {
        if chmod(path, mode) != 0 { throw SystemError("set the mode of", path) }
    }

    /// Repeats a call that a signal interrupted.
    package static func retrying(_ call: () -> Int) -> Int {
        while true {
            let result = call()
            if result >= 0 || errno != EINTR { return result }
        }
    }
}
