#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The exclusive use of a file among processes: a lock on a file beside it, which the kernel takes back when the process ends, however it ends.
struct FileLock: ~Copyable {
    private let descriptor: CInt

    /// - Throws: `StoreError.locked`, naming the process that holds the lock.
    init(for file: String) throws(StoreError) {
        let path = file + ".lock"
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw .inputOutput(file: file, detail: "failed to open the lock file \(path): \(errorText(errno))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let reason = errno
            let holder = Self.readHolder(descriptor)
            close(descriptor)
            if reason == EWOULDBLOCK { throw .locked(file: file, holder: holder) }
            throw .inputOutput(file: file, detail: "failed to lock \(path): \(errorText(reason))")
        }
        self.descriptor = descriptor
        // For whoever finds it locked. That the note cannot be written is no reason not to start.
        let note = Array("\(getpid())\n".utf8)
        if ftruncate(descriptor, 0) == 0 { _ = pwrite(descriptor, note, note.count, 0) }
    }

    deinit {
        // Said aloud: a child that was forked a moment ago holds the descriptor too until it executes its program.
        _ = flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    private static func readHolder(_ descriptor: CInt) -> String {
        var buffer = [UInt8](repeating: 0, count: 32)
        let count = pread(descriptor, &buffer, buffer.count, 0)
        let digits = buffer.prefix(max(count, 0)).prefix { $0 >= 0x30 && $0 <= 0x39 }
        return digits.isEmpty ? "another process" : "process \(String(decoding: digits, as: UTF8.self))"
    }
}

func errorText(_ code: CInt) -> String {
    String(cString: strerror(code))
}
