import Glibc
import Linux

/// The check (and creation) that a hostPath volume's type asks for.
enum HostPathCheck {
    /// - Throws: `KubeletError` in upstream's words.
    static func prepare(_ path: String, type: String) throws {
        switch type {
        case "": return
        case "DirectoryOrCreate":
            if Files.exists(path) { return try expect(path, S_IFDIR, "a directory") }
            try Files.makeDirectory(path, mode: 0o755)
        case "FileOrCreate":
            if Files.exists(path) { return try expect(path, S_IFREG, "a file") }
            try Files.write(path, [], mode: 0o644)
        case "Directory": try expect(path, S_IFDIR, "a directory")
        case "File": try expect(path, S_IFREG, "a file")
        case "Socket": try expect(path, S_IFSOCK, "a socket file")
        case "CharDevice": try expect(path, S_IFCHR, "a character device")
        case "BlockDevice": try expect(path, S_IFBLK, "a block device")
        default: throw KubeletError("\(type) is an invalid volume type")
        }
    }

    private static func expect(_ path: String, _ kind: mode_t, _ words: String) throws {
        var info = stat()
        guard stat(path, &info) == 0, info.st_mode & S_IFMT == kind else {
            throw KubeletError("hostPath type check failed: \(path) is not \(words)")
        }
    }
}
