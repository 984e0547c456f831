import ContainerRuntime
import Glibc
import Linux

/// The last words of a container: what it wrote to its termination message file, or the end of its log.
enum TerminationMessage {
    static let bytesMax = 4096
    static let logLinesMax = 80
    static let logBytesMax = 2048

    static func read(_ status: CRIContainerStatus) -> String {
        let path = status.annotations[RuntimeAnnotations.terminationMessagePath] ?? ""
        let policy = status.annotations[RuntimeAnnotations.terminationMessagePolicy] ?? "File"
        if !path.isEmpty, let mount = status.mounts.first(where: { $0.containerPath == path }) {
            if let bytes = readRegular(mount.hostPath), !bytes.isEmpty { return String(decoding: bytes, as: UTF8.self) }
        }
        guard policy == "FallbackToLogsOnError", status.exitCode != 0, !status.logPath.isEmpty else { return "" }
        return LogTail.text(of: status.logPath, lines: logLinesMax, bytes: logBytesMax)
    }

    /// The container owns the file and could have put anything in its place, so a link or a pipe is not read.
    private static func readRegular(_ path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var info = stat()
        guard fstat(descriptor, &info) == 0, info.st_mode & S_IFMT == S_IFREG else { return nil }
        return try? Files.readAll(descriptor, path, limit: bytesMax)
    }
}
