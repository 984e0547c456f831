import Glibc
import Linux
import Logging

/// What must be so before a cluster can start, each with its remedy.
enum Preflight {
    /// - Throws: `CommandError` with all problems found.
    static func check(_ configuration: ServerConfiguration, logger: Logger) throws {
        var problems: [String] = []
        if geteuid() != 0 { problems.append("not running as root: run it with sudo") }
        if configuration.runtimeEndpoint == nil {
            for (program, package) in [("containerd", "containerd"), ("ctr", "containerd"), ("runc", "runc")] where Command.find(program) == nil {
                problems.append("the program \(program) is missing: apt-get install \(package)")
            }
            if !["/usr/lib/cni/bridge", "/opt/cni/bin/bridge"].contains(where: Files.exists) {
                problems.append("the CNI plugins are missing: apt-get install containernetworking-plugins")
            }
        } else if let endpoint = configuration.runtimeEndpoint {
            let path = endpoint.hasPrefix("unix://") ? String(endpoint.dropFirst(7)) : endpoint
            if !Files.exists(path) { problems.append("--container-runtime-endpoint \(endpoint): there is no such socket; is the runtime running?") }
        }
        for (program, package) in [("nft", "nftables"), ("ip", "iproute2")] where Command.find(program) == nil {
            problems.append("the program \(program) is missing: apt-get install \(package)")
        }
        for (name, port) in [("--secure-port", configuration.securePort), ("--kubelet-port", configuration.kubeletPort)] {
            if let problem = portProblem(port) { problems.append("\(name): port \(port) \(problem)") }
        }
        if let free = freeBytes(configuration.folder.path), free < 256 << 20 {
            problems.append("only \(free >> 20) MiB are free in \(configuration.folder.path): free some space, or choose another folder with --data-dir")
        }
        if let text = try? Files.readText("/proc/swaps"), text.split(separator: "\n").count > 1 {
            logger.warning("swap is on: pods do not use it, but the machine may be slow when memory is short; swapoff -a turns it off")
        }
        guard problems.isEmpty else { throw CommandError("cannot start:\n" + problems.map { "  \($0)" }.joined(separator: "\n")) }
    }

    /// Tries to listen where the server will.
    private static func portProblem(_ port: Int) -> String? {
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
        if result == 0 { return listen(descriptor, 1) == 0 ? nil : "cannot be listened on: \(String(cString: strerror(errno)))" }
        return errno == EADDRINUSE
            ? "is in use by another program (ss -tlnp shows which); end that program or choose another port"
            : "cannot be used: \(String(cString: strerror(errno)))"
    }

    private static func freeBytes(_ path: String) -> UInt64? {
        var information = statvfs()
        guard statvfs(path, &information) == 0 else { return nil }
        return UInt64(information.f_bavail) * UInt64(information.f_frsize)
    }
}
