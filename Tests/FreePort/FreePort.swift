import Glibc
import Synchronization

/// A port of the loopback address that nobody listens on, for a server that must know its port before it starts.
///
/// The kernel gives outgoing connections ports of its own range at any time: one of those is free now and taken a moment later. These lie below
/// that range, and each is handed out once.
package func freePort() throws -> Int {
    while true {
        let port = ports.withLock { next in
            next = next < last ? next + 1 : first
            return next
        }
        if try isFree(UInt16(port)) { return port }
    }
}

private let first = 10_000
private let last = 29_999
// Other test processes of this machine begin elsewhere.
private let ports = Mutex(Int.random(in: first...last))

private func isFree(_ port: UInt16) throws(FreePortError) -> Bool {
    let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard socket >= 0 else { throw FreePortError.noSocket(errno: errno) }
    defer { close(socket) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
    return withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 }
    }
}

/// Why no port could be looked for.
package enum FreePortError: Error {
    case noSocket(errno: Int32)
}
