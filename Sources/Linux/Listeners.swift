import Glibc

/// Who listens on a TCP port of our network namespace.
package enum Listeners {
    /// The process that listens on the port; nil when nobody does, or one whose files we may not see.
    package static func process(onPort port: Int) -> ProcessHandle? {
        let tables = ["/proc/self/net/tcp", "/proc/self/net/tcp6"].compactMap { (try? Files.readText($0)).flatMap { $0 } }
        let sockets = Set(tables.flatMap { inodes(listeningOn: port, $0) }.map { "socket:[\($0)]" })
        guard !sockets.isEmpty else { return nil }
        for name in (try? Files.list("/proc")) ?? [] {
            guard let pid = Int32(name) else { continue }
            for descriptor in (try? Files.list("/proc/\(pid)/fd")) ?? [] {
                if let target = Files.readLink("/proc/\(pid)/fd/\(descriptor)"), sockets.contains(target) { return ProcessHandle(pid: pid) }
            }
        }
        return nil
    }

    /// The sockets that listen on the port, from the text of `/proc/net/tcp`.
    static func inodes(listeningOn port: Int, _ table: String) -> [Substring] {
        table.split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count > 9, fields[3] == "0A", let local = fields[1].split(separator: ":").last, Int(local, radix: 16) == port else {
                return nil
            }
            return fields[9]
        }
    }
}
