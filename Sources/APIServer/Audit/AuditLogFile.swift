import Dispatch
package import Logging
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// Writes audit events to a file, one on a line, and begins a new file when the one at hand is full (`--audit-log-...`).
package final class AuditLogFile: AuditSink {
    package struct Limits: Sendable {
        /// Of one file, in bytes.
        package var bytesMax: Int64
        /// Full files that are kept; 0: all.
        package var backupsMax: Int
        /// How long full files are kept, in seconds; 0: for ever.
        package var secondsMax: Int64

        package init(bytesMax: Int64 = 100 << 20, backupsMax: Int = 0, secondsMax: Int64 = 0) {
            self.bytesMax = bytesMax
            self.backupsMax = backupsMax
            self.secondsMax = secondsMax
        }
    }

    private struct File {
        var descriptor: Int32 = -1
        var size: Int64 = 0
        /// Whether the last write failed, so that the log says it once.
        var isFailing = false
    }

    private let path: String
    private let limits: Limits
    /// Microseconds since 1970.
    private let now: @Sendable () -> Int64
    private let logger: Logger
    /// Writes are done here, in order, so that no request waits for the disk.
    private let queue = DispatchQueue(label: "audit-log")
    private let file = Mutex(File())

    /// - Throws: `AuditLogError` when the file cannot be opened.
    package init(path: String, limits: Limits = Limits(), now: @escaping @Sendable () -> Int64, logger: Logger) throws(AuditLogError) {
        self.path = path
        self.limits = limits
        self.now = now
        self.logger = logger
        if let problem = file.withLock({ open(&$0) }) { throw AuditLogError(path: path, problem: problem) }
    }

    deinit {
        let descriptor = file.withLock { $0.descriptor }
        if descriptor >= 0 { close(descriptor) }
    }

    package func record(_ event: [UInt8]) {
        queue.async { self.write(event) }
    }

    package func flush() async {
        await withCheckedContinuation { continuation in
            queue.async {
                self.file.withLock { if $0.descriptor >= 0 { fsync($0.descriptor) } }
                continuation.resume()
            }
        }
    }

    private func write(_ event: [UInt8]) {
        let line = event + [UInt8(ascii: "\n")]
        let problem = file.withLock { file -> String? in
            if file.size > 0, file.size + Int64(line.count) > limits.bytesMax { rotate(&file) }
            if file.descriptor < 0, let problem = open(&file) { return problem }
            var offset = 0
            while offset < line.count {
                let count = line.withUnsafeBytes { Glibc.write(file.descriptor, $0.baseAddress?.advanced(by: offset), line.count - offset) }
                if count < 0 {
                    if errno == EINTR { continue }
                    return String(cString: strerror(errno))
                }
                offset += count
            }
            file.size += Int64(line.count)
            return nil
        }
        tell(problem)
    }

    private func tell(_ problem: String?) {
        let isNew = file.withLock { file -> Bool in
            defer { file.isFailing = problem != nil }
            return problem != nil && !file.isFailing
        }
        if let problem, isNew { logger.error("audit events are being lost", metadata: ["file": "\(path)", "error": "\(problem)"]) }
    }

    /// What is wrong; nil if the file is open.
    private func open(_ file: inout File) -> String? {
        let descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return String(cString: strerror(errno)) }
        var status = stat()
        file.size = fstat(descriptor, &status) == 0 ? Int64(status.st_size) : 0
        file.descriptor = descriptor
        return nil
    }

    /// The full file gets the time in its name, and the oldest of its kind go.
    private func rotate(_ file: inout File) {
        if file.descriptor >= 0 { close(file.descriptor) }
        file = File(isFailing: file.isFailing)
        let seconds = now() / 1_000_000
        var parts = tm()
        var time = time_t(seconds)
        gmtime_r(&time, &parts)
        func digits(_ value: Int32, _ width: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, width - text.count)) + text
        }
        let stamp =
            "\(digits(parts.tm_year + 1900, 4))-\(digits(parts.tm_mon + 1, 2))-\(digits(parts.tm_mday, 2))T\(digits(parts.tm_hour, 2))-"
            + "\(digits(parts.tm_min, 2))-\(digits(parts.tm_sec, 2)).\(digits(Int32((now() / 1000) % 1000), 3))"
        let (stem, ending) = split(path)
        if rename(path, "\(stem)-\(stamp)\(ending)") != 0 {
            logger.error("the audit log cannot be rotated", metadata: ["file": "\(path)", "error": "\(String(cString: strerror(errno)))"])
        }
        prune()
    }

    private func prune() {
        guard limits.backupsMax > 0 || limits.secondsMax > 0 else { return }
        let (stem, ending) = split(path)
        let folder = stem.lastIndex(of: "/").map { String(stem[..<$0]) } ?? "."
        let prefix = (stem.lastIndex(of: "/").map { String(stem[stem.index(after: $0)...]) } ?? stem) + "-"
        guard let directory = opendir(folder.isEmpty ? "/" : folder) else { return }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            // The time has a fixed form: nothing else of the folder is touched.
            if name.hasPrefix(prefix), name.hasSuffix(ending), name.utf8.count == prefix.utf8.count + 23 + ending.utf8.count { names.append(name) }
        }
        names.sort()
        var gone = limits.backupsMax > 0 ? Array(names.dropLast(limits.backupsMax)) : []
        if limits.secondsMax > 0 {
            for name in names {
                var status = stat()
                if stat("\(folder)/\(name)", &status) == 0, now() / 1_000_000 - Int64(status.st_mtim.tv_sec) > limits.secondsMax { gone.append(name) }
            }
        }
        for name in Set(gone) { unlink("\(folder)/\(name)") }
    }

    /// `audit` and `.log`.
    private func split(_ path: String) -> (stem: String, ending: String) {
        let start = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
        guard let dot = path[start...].lastIndex(of: "."), dot != start else { return (path, "") }
        return (String(path[..<dot]), String(path[dot...]))
    }
}

/// The audit log cannot be written.
package struct AuditLogError: Error, CustomStringConvertible {
    package var path: String
    package var problem: String
    package var description: String { "the audit log \(path) cannot be written: \(problem)" }
}
