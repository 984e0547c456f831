#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// Reads and writes small files as keys and kubeconfigs need it: complete or not at all, never readable by others unless asked for.
package enum SecretFile {
    /// Who may read a file.
    package enum Access: Sendable {
        case ownerOnly
        case everyone

        var mode: mode_t { self == .ownerOnly ? 0o600 : 0o644 }
    }

    /// Replaces `path` in one step; a crash leaves the old file or the new one. Missing folders are made for the owner only.
    ///
    /// - Throws: `PKIError.cannotWrite`.
    package static func write(_ bytes: [UInt8], to path: String, access: Access = .ownerOnly) throws(PKIError) {
        let folder = folder(of: path)
        try makeFolder(folder)
        let temporary = "\(path).\(RandomToken.hex(bytes: 6)).tmp"
        let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, access.mode)
        guard file >= 0 else { throw .cannotWrite(path: path, reason: reason()) }
        var failure = put(bytes, file)
        if failure == nil, fchmod(file, access.mode) != 0 { failure = reason() }
        if failure == nil, fsync(file) != 0 { failure = reason() }
        close(file)
        if failure == nil, rename(temporary, path) != 0 { failure = reason() }
        if let failure {
            unlink(temporary)
            throw .cannotWrite(path: path, reason: failure)
        }
        let directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if directory >= 0 {
            fsync(directory)
            close(directory)
        }
    }

    /// Puts other content into the file that is at `path`, for those who have that very file mounted: they would not see another in its place.
    /// A crash in the midst leaves all of the new content beside it, for ``finishReplacing(contentOf:)``.
    ///
    /// - Throws: `PKIError`.
    package static func replaceContent(of path: String, _ bytes: [UInt8]) throws(PKIError) {
        try write(bytes, to: path + ".next")
        try finishReplacing(contentOf: path)
    }

    /// Does what ``replaceContent(of:_:)`` was kept from; nothing where there is nothing to finish.
    ///
    /// - Throws: `PKIError`.
    package static func finishReplacing(contentOf path: String) throws(PKIError) {
        guard let bytes = try read(path + ".next") else { return }
        let file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .cannotWrite(path: path, reason: reason()) }
        var failure = put(bytes, file)
        if failure == nil, ftruncate(file, bytes.count) != 0 { failure = reason() }
        if failure == nil, fsync(file) != 0 { failure = reason() }
        close(file)
        if let failure { throw .cannotWrite(path: path, reason: failure) }
        unlink(path + ".next")
    }

    /// - Returns: why not all could be written; nil when it was.
    private static func put(_ bytes: [UInt8], _ file: Int32) -> String? {
        var offset = 0
        while offset < bytes.count {
            let written = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress?.advanced(by: offset), bytes.count - offset) }
            if written > 0 { offset += written } else if errno != EINTR { return reason() }
        }
        return nil
    }

    /// - Returns: nil if there is no such file.
    /// - Throws: `PKIError.cannotRead` for any other trouble.
    package static func read(_ path: String) throws(PKIError) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw .cannotRead(path: path, reason: reason())
        }
        defer { close(file) }
        var result: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = chunk.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress, $0.count) }
            if count == 0 { return result }
            if count < 0 {
                if errno == EINTR { continue }
                throw .cannotRead(path: path, reason: reason())
            }
            result += chunk[..<count]
        }
    }

    /// Makes `path` and what leads to it, each new folder with mode 0700.
    package static func makeFolder(_ path: String) throws(PKIError) {
        if path.isEmpty || path == "/" { return }
        if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        guard errno == ENOENT else { throw .cannotWrite(path: path, reason: reason()) }
        try makeFolder(folder(of: path))
        if mkdir(path, 0o700) != 0, errno != EEXIST { throw .cannotWrite(path: path, reason: reason()) }
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func reason() -> String {
        String(cString: strerror(errno))
    }
}
