import Glibc
import Linux

/// A container's log file, read forward line by line.
struct LogFile: ~Copyable {
    private static let chunkBytes = 64 << 10
    /// The runtime's lines are much shorter; what is longer is somebody else's, and is taken apart.
    static let lineBytesMax = 1 << 20

    let path: String
    private let descriptor: Int32
    private var pending: [UInt8] = []
    private var position = 0

    init(path: String) throws {
        self.path = path
        // The runtime writes files: a link or a pipe in a log's place was put there by somebody who may write to the folder.
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { throw SystemError("open", path) }
        var info = stat()
        guard fstat(descriptor, &info) == 0, info.st_mode & S_IFMT == S_IFREG else { throw KubeletError("\(path) is not a file") }
    }

    deinit { close(descriptor) }

    /// Identifies the file behind the path, to notice that it was exchanged.
    func inode() -> UInt64 {
        var info = stat()
        return fstat(descriptor, &info) == 0 ? UInt64(info.st_ino) : 0
    }

    static func inode(_ path: String) -> UInt64? {
        var info = stat()
        return stat(path, &info) == 0 ? UInt64(info.st_ino) : nil
    }

    /// The next whole line without its end, or nil when there is none (yet).
    mutating func next() throws -> ArraySlice<UInt8>? {
        // How much of the unread bytes is known to have no line end; `fill` moves them, so it counts from the reading position.
        var searched = 0
        while true {
            if let end = pending[(position + searched)...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { position = end + 1 }
                return pending[position..<end]
            }
            searched = pending.count - position
            if searched >= LogFile.lineBytesMax {
                defer { position = pending.count }
                return pending[position...]
            }
            if try !fill() { return nil }
        }
    }

    /// What is left after the last line end, at the end of a file that will not grow.
    mutating func remainder() -> ArraySlice<UInt8> {
        defer { position = pending.count }
        return pending[position...]
    }

    private mutating func fill() throws -> Bool {
        if position > 0 {
            pending.removeFirst(position)
            position = 0
        }
        let start = pending.count
        pending.append(contentsOf: repeatElement(0, count: LogFile.chunkBytes))
        let count = pending.withUnsafeMutableBytes { buffer in
            Files.retrying { Glibc.read(descriptor, buffer.baseAddress.map { $0 + start }, LogFile.chunkBytes) }
        }
        pending.removeLast(LogFile.chunkBytes - max(0, count))
        guard count >= 0 else { throw SystemError("read", path) }
        return count > 0
    }

    /// Moves to where the last `lines` lines begin.
    mutating func seekToTail(lines: Int) throws {
        pending = []
        position = 0
        guard lines > 0 else {
            lseek(descriptor, 0, SEEK_END)
            return
        }
        var offset = lseek(descriptor, 0, SEEK_END)
        guard offset >= 0 else { throw SystemError("read", path) }
        var found = 0
        var isLastByte = true
        var buffer = [UInt8](repeating: 0, count: LogFile.chunkBytes)
        while offset > 0 {
            let wanted = min(off_t(LogFile.chunkBytes), offset)
            offset -= wanted
            let count = buffer.withUnsafeMutableBytes { bytes in Files.retrying { pread(descriptor, bytes.baseAddress, Int(wanted), offset) } }
            guard count == Int(wanted) else { throw SystemError("read", path) }
            for index in stride(from: count - 1, through: 0, by: -1) {
                defer { isLastByte = false }
                // The end of the last line does not begin another one.
                guard buffer[index] == UInt8(ascii: "\n"), !isLastByte else { continue }
                found += 1
                if found == lines {
                    lseek(descriptor, offset + off_t(index) + 1, SEEK_SET)
                    return
                }
            }
        }
        lseek(descriptor, 0, SEEK_SET)
    }
}

/// The end of a log as text.
enum LogTail {
    /// Empty when there is no log.
    static func text(of path: String, lines: Int, bytes: Int) -> String {
        guard var file = try? LogFile(path: path), (try? file.seekToTail(lines: lines)) != nil else { return "" }
        var formatter = LogFormatter(options: LogOptions())
        var output: [UInt8] = []
        while let line = try? file.next() {
            if let parsed = LogLine(line) { formatter.format(parsed, into: &output) }
        }
        return String(decoding: output.suffix(bytes), as: UTF8.self)
    }
}
