import Glibc
import Linux

/// The server of a data folder as another process sees it.
enum ServerProcess {
    /// The running server; nil when none runs.
    static func current(_ folder: DataFolder) -> ProcessHandle? {
        (try? Files.readText(folder.serverProcess)).flatMap { $0 }.flatMap { ProcessHandle(text: $0) }
    }

    /// - Throws: unless the caller is root.
    static func requireRoot(_ command: String) throws {
        guard geteuid() == 0 else {
            throw CommandError(
                "apus \(command) must run as root: it makes network links, mounts and containers. Try: sudo apus \(command)")
        }
    }

    /// The last line of the server's log that tells of an error.
    static func lastError(_ folder: DataFolder) -> String? {
        guard let text = (try? Files.readText(folder.serverLog)).flatMap({ $0 }) else { return nil }
        let lines = text.split(separator: "\n")
        return (lines.last { $0.contains(" error ") || $0.contains("apus: ") || $0.contains("Fatal error") } ?? lines.last).map(String.init)
    }
}
