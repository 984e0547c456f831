#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A new file that only its owner may read, and that has its name when it is whole: until then it is called otherwise, and it goes if it is let go of.
struct PrivateFile: ~Copyable {
    let path: String
    private let temporary: String
    private let descriptor: CInt
    private var buffer: [UInt8] = []
    private var isPlaced = false
    /// How much has been written.
    private(set) var size: Int64 = 0

    init(_ path: String) throws(BackupError) {
        self.path = path
        temporary = "\(path).part\(getpid())"
        unlink(temporary)
        descriptor = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .inputOutput(file: path, detail: "failed to make it: \(errorText(errno))") }
        buffer.reserveCapacity(Self.bufferBytes + 4096)
    }

    deinit {
        close(descriptor)
        if !isPlaced { unlink(temporary) }
    }

    private static let bufferBytes = 1 << 20

    mutating func append(_ bytes: [UInt8]) throws(BackupError) {
        buffer += bytes
        size += Int64(bytes.count)
        if buffer.count >= Self.bufferBytes { try flush() }
    }

    /// Writes over what has been written before.
    mutating func overwrite(_ bytes: [UInt8], at offset: Int64) throws(BackupError) {
        try flush()
        guard pwrite(descriptor, bytes, bytes.count, off_t(offset)) == bytes.count else { throw failure("write") }
    }

    /// Hands out all that has been written, in pieces.
    mutating func readBack(_ body: (UnsafeRawBufferPointer) -> Void) throws(BackupError) {
        try flush()
        var piece = [UInt8](repeating: 0, count: Self.bufferBytes)
        var offset: Int64 = 0
        while offset < size {
            let count = pread(descriptor, &piece, piece.count, off_t(offset))
            guard count > 0 else { throw failure("read") }
            piece.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
            offset += Int64(count)
        }
    }

    /// Gives it its name, when everything is on the disk.
    /// - Parameter replacing: whether a file of that name may be there and goes.
    mutating func place(replacing: Bool) throws(BackupError) {
        try flush()
        guard fsync(descriptor) == 0 else { throw failure("write") }
        if replacing {
            guard rename(temporary, path) == 0 else { throw failure("name") }
        } else {
            guard link(temporary, path) == 0 else {
                if errno == EEXIST { throw .exists(path) }
                throw failure("name")
            }
            unlink(temporary)
        }
        isPlaced = true
        syncFolder(of: path)
    }

    private mutating func flush() throws(BackupError) {
        var written = 0
        while written < buffer.count {
            let count = buffer.withUnsafeBytes { bytes in
                bytes.baseAddress.map { write(descriptor, $0 + written, bytes.count - written) } ?? -1
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure("write") }
            written += count
        }
        buffer.removeAll(keepingCapacity: true)
    }

    private func failure(_ action: String) -> BackupError {
        .inputOutput(file: path, detail: "failed to \(action) it: \(errorText(errno))")
    }
}

/// Has the names in a file's folder on the disk.
func syncFolder(of path: String) {
    let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
}
