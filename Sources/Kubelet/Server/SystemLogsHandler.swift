import Glibc
import Linux
import NIOHTTP1

/// Serves `/logs/`: the node's own logs, for those who may read them. Nothing outside of their folder is ever read, whatever links a container has put
/// there that may write to it.
struct SystemLogsHandler: Sendable {
    var configuration: KubeletConfiguration

    private static let chunkBytes = 64 << 10

    /// - Parameter parts: of the path, `logs` first.
    func handle(_ request: KubeletRequest, _ parts: [String], _ response: ServerResponse) async throws {
        guard configuration.enableSystemLogHandler else {
            throw KubeletHTTPError(status: .methodNotAllowed, message: "logs endpoint is disabled.")
        }
        // Upstream's queries of the journal are off unless they are turned on.
        if request.value("query") != nil {
            throw KubeletHTTPError(status: .forbidden, message: "queries of system logs are not enabled (enableSystemLogQuery)")
        }
        guard ["GET", "HEAD"].contains(request.head.method.rawValue) else { throw KubeletHTTPError(status: .methodNotAllowed, message: "only GET") }
        let file = try open(parts.dropFirst())
        if file.isDirectory {
            let names = try Files.list("/proc/self/fd/\(file.descriptor)").sorted()
            try await response.send(.ok, "text/html; charset=utf-8", Array(Self.page(names).utf8))
            return
        }
        try await response.begin(.ok, "text/plain; charset=utf-8")
        // No more than there is now: a log may grow for ever.
        var rest = file.bytes
        while rest > 0 {
            let bytes = file.read(min(rest, Self.chunkBytes))
            if bytes.isEmpty { break }
            rest -= bytes.count
            try await response.write(bytes)
        }
        try await response.finish()
    }

    /// - Throws: `KubeletHTTPError` for what is not there, and for what is somewhere else: links are followed, but not out of the folder.
    func open(_ parts: some Sequence<String>) throws -> SystemLogFile {
        let path = ([configuration.systemLogsFolder] + parts).joined(separator: "/")
        guard !parts.contains(where: { $0 == ".." || $0.contains("\0") }) else { throw KubeletHTTPError.badRequest("invalid path") }
        guard let file = SystemLogFile(path), let place = file.place, let folder = Self.resolved(configuration.systemLogsFolder),
            place == folder || place.hasPrefix(folder + "/")
        else { throw KubeletHTTPError.notFound("404 page not found") }
        return file
    }

    private static func resolved(_ path: String) -> String? {
        guard let text = realpath(path, nil) else { return nil }
        defer { free(text) }
        return String(cString: text)
    }

    private static func page(_ names: [String]) -> String {
        func quoted(_ text: String) -> String {
            text.reduce(into: "") { result, character in
                switch character {
                case "&": result += "&amp;"
                case "<": result += "&lt;"
                case ">": result += "&gt;"
                case "\"": result += "&#34;"
                case "'": result += "&#39;"
                default: result.append(character)
                }
            }
        }
        return "<!doctype html>\n<pre>\n" + names.map { "<a href=\"\(quoted($0))\">\(quoted($0))</a>\n" }.joined() + "</pre>\n"
    }
}

/// An open file or folder, which stays the same whatever happens to its path.
final class SystemLogFile: Sendable {
    let descriptor: Int32
    let isDirectory: Bool
    let bytes: Int

    /// Nil for what cannot be opened and for what is neither a file nor a folder.
    init?(_ path: String) {
        // Not waiting: a pipe that a container has put there would hold us up.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { return nil }
        var status = stat()
        let kind = fstat(descriptor, &status) == 0 ? status.st_mode & S_IFMT : 0
        guard kind == S_IFREG || kind == S_IFDIR else {
            close(descriptor)
            return nil
        }
        self.descriptor = descriptor
        isDirectory = kind == S_IFDIR
        bytes = Int(status.st_size)
    }

    deinit { close(descriptor) }

    /// Where it is, without links.
    var place: String? { Files.readLink("/proc/self/fd/\(descriptor)") }

    /// What comes next, at most so many bytes; nothing at the end, and when it cannot be read.
    func read(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, used in
            used = max(0, Files.retrying { Glibc.read(descriptor, buffer.baseAddress, count) })
        }
    }
}
