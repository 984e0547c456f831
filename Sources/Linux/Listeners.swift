import Glibc

/// Who listens on a TCP port of our network namespace.
package enum Listeners {
    /// Why nobody can listen on the port now, in words that follow its number; nil when it is free. Found by trying to.
    package static func problem(onPort port: Int) -> String? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var one: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(truncatingIfNeeded: port).bigEndian
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        let failure = result == 0 ? (listen(descriptor, 1) == 0 ? 0 : errno) : errno
        if failure == 0 { return nil }
        guard failure == EADDRINUSE else { return "cannot be listened on: \(String(cString: strerror(failure)))" }
        guard let holder = process(onPort: port) else { return "is in use by another program: end it" }
        let program = holder.commandLine.first.map(Path.name) ?? "a program"
        return "is in use by \(program) (process \(holder.pid)): end it"
    }

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
