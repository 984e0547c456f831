import Glibc

/// What tells one version of a file from the next without reading it.
struct FileStamp: Equatable, Sendable {
    var inode: UInt64
    var size: Int64
    var modifiedSeconds: Int
    var modifiedNanoseconds: Int

    /// Nil when there is no such file. Follows symbolic links, so that a swapped projected volume is noticed.
    init?(path: String) {
        var info = stat()
        guard stat(path, &info) == 0 else { return nil }
        inode = UInt64(info.st_ino)
        size = Int64(info.st_size)
        modifiedSeconds = info.st_mtim.tv_sec
        modifiedNanoseconds = info.st_mtim.tv_nsec
    }
}

/// A file could not be read.
package struct FileReadError: Error, CustomStringConvertible {
    package var path: String
    package var cause: String
    package var description: String { "cannot read \(path): \(cause)" }
}

/// The whole content of a small file (credentials, configuration).
func readFile(_ path: String, bytesMax: Int = 16 << 20) throws(FileReadError) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileReadError(path: path, cause: String(cString: strerror(errno))) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16 << 10)
    while true {
        let count = chunk.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
        if count == 0 { return bytes }
        if count < 0 {
            if errno == EINTR { continue }
            throw FileReadError(path: path, cause: String(cString: strerror(errno)))
        }
        bytes.append(contentsOf: chunk[..<count])
        if bytes.count > bytesMax { throw FileReadError(path: path, cause: "the file is larger than \(bytesMax) bytes") }
    }
}
