import Glibc
import Linux
import Synchronization
import Testing

/// A node, two pods on it and a client outside, each a network namespace, joined by cables to the node.
struct NetworkFixture: Sendable {
    static var obstacle: String? {
        if geteuid() != 0 { return "needs root" }
        return ["ip", "nft"].first { Command.find($0) == nil }.map { "there is no \($0) on this machine" }
    }

    /// Addresses of the machines beyond the node; the node's address toward each ends in 1.
    static let addresses = ["pod1": "10.244.1.2", "pod2": "10.244.2.2", "outside": "192.0.2.2"]
    static let nodeAddress = "192.0.2.1"

    let prefix: String
    let folder: String
    let ledger: Ledger

    func path(_ name: String) -> String { "/run/netns/\(prefix)\(name)" }

    init() async throws {
        var template = Array("/tmp/apus-kp-XXXXXX".utf8CString)
        folder = try #require(mkdtemp(&template).map { String(cString: $0) })
        prefix = "apus-\(folder.suffix(6))-"
        ledger = try Ledger(path: "\(folder)/ledger", networkNamespace: "/run/netns/\(prefix)node")
        try await Command(["ip", "netns", "add", "\(prefix)node"]).run()
        try await run("node", "ip link set lo up")
        for (name, address) in Self.addresses {
            let gateway = "\(address.dropLast())1"
            try await Command(["ip", "netns", "add", "\(prefix)\(name)"]).run()
            try await run("node", "ip link add \(name) type veth peer name eth0 netns \(prefix)\(name)")
            try await run("node", "ip address add \(gateway)/24 dev \(name)")
            try await run("node", "ip link set \(name) up")
            try await run(name, "ip link set lo up")
            try await run(name, "ip address add \(address)/24 dev eth0")
            try await run(name, "ip link set eth0 up")
            try await run(name, "ip route add default via \(gateway)")
        }
        // Where nobody answers; not a way that clients come in by, or the kernel would tell them of a shorter one instead of refusing.
        try await run("node", "ip link add up0 type veth peer name up1")
        try await run("node", "ip link set up0 up")
        try await run("node", "ip link set up1 up")
        try await run("node", "ip route add default dev up0")
        try ledger.set("/proc/sys/net/ipv4/ip_forward", to: "1")
    }

    @discardableResult
    func run(_ name: String, _ command: String) async throws -> String {
        try await Command(command.split(separator: " ").map(String.init), networkNamespace: path(name)).run().outputText
    }

    func remove() async throws {
        for name in ["node"] + Self.addresses.keys { try await Command(["ip", "netns", "delete", "\(prefix)\(name)"]).run() }
        try Files.removeTree(folder)
    }

    /// Answers every connection (or datagram) with the machine's name and the address that it came from.
    func serve(_ name: String, port: UInt16, isStream: Bool = true) throws {
        let fd = try NetworkNamespace.run(path(name)) {
            let fd = socket(AF_INET, isStream ? Int32(SOCK_STREAM.rawValue) : Int32(SOCK_DGRAM.rawValue), 0)
            try Self.with("0.0.0.0", port) { address, length in
                if bind(fd, address, length) != 0 { throw SystemError("bind", errno: errno) }
            }
            if isStream && listen(fd, 64) != 0 { throw SystemError("listen", errno: errno) }
            return fd
        }
        // Ends with the test process; a listening socket holds nothing but its namespace.
        let failure = Threads.start("serve") {
            while true {
                var peer = sockaddr_in()
                var length = socklen_t(MemoryLayout<sockaddr_in>.size)
                var byte: UInt8 = 0
                let connection = withUnsafeMutablePointer(to: &peer) {
                    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        isStream ? accept(fd, $0, &length) : Int32(truncatingIfNeeded: recvfrom(fd, &byte, 1, 0, $0, &length))
                    }
                }
                if connection < 0 { return }
                let bits = UInt32(bigEndian: peer.sin_addr.s_addr)
                let answer = Array("\(name) \(bits >> 24).\(bits >> 16 & 255).\(bits >> 8 & 255).\(bits & 255)".utf8)
                if isStream {
                    send(connection, answer, answer.count, Int32(MSG_NOSIGNAL))
                    close(connection)
                } else {
                    withUnsafePointer(to: &peer) {
                        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = sendto(fd, answer, answer.count, 0, $0, length) }
                    }
                }
            }
        }
        if let failure { throw failure }
    }

    /// What a server answers, as name and address, or the error's number as text.
    /// - Parameter patience: milliseconds after which a connection that is not made counts as "silent". Long where an answer is expected: on a machine
    ///   with much to do, one comes late.
    func ask(from name: String, _ address: String, _ port: UInt16, patience: Int32 = 20_000) throws -> (name: String, peer: String) {
        try NetworkNamespace.run(path(name)) {
            let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(fd) }
            return try Self.with(address, port) { target, length in
                // Not blocking: a blocking connect hears of a refusal only when it tries again, after a second.
                let flags = fcntl(fd, F_GETFL)
                _ = fcntl(fd, F_SETFL, flags | O_NONBLOCK)
                var failure = connect(fd, target, length) == 0 ? 0 : errno
                if failure == EINPROGRESS {
                    var ready = pollfd(fd: fd, events: Int16(POLLOUT), revents: 0)
                    if poll(&ready, 1, patience) == 0 { return ("silent", "") }
                    var size = socklen_t(MemoryLayout<Int32>.size)
                    getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &size)
                }
                if failure != 0 { return (failure == ECONNREFUSED ? "refused" : "errno \(failure)", "") }
                _ = fcntl(fd, F_SETFL, flags)
                try Self.patience(fd)
                return try Self.answer(fd)
            }
        }
    }

    /// As ``ask(from:_:_:)`` with a datagram, always from the same port, so that the kernel takes all of them for one flow.
    func askByDatagram(from name: String, _ address: String, _ port: UInt16) throws -> (name: String, peer: String) {
        try NetworkNamespace.run(path(name)) {
            let fd = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
            defer { close(fd) }
            try Self.with("0.0.0.0", 5555) { own, length in
                if bind(fd, own, length) != 0 { throw SystemError("bind", errno: errno) }
            }
            return try Self.with(address, port) { target, length in
                try Self.patience(fd)
                if connect(fd, target, length) != 0 { throw SystemError("connect", errno: errno) }
                send(fd, "x", 1, 0)
                return try Self.answer(fd)
            }
        }
    }

    private static func answer(_ fd: Int32) throws -> (name: String, peer: String) {
        var buffer = [UInt8](repeating: 0, count: 200)
        let n = recv(fd, &buffer, buffer.count, 0)
        if n < 0 { return (errno == EAGAIN ? "silent" : "errno \(errno)", "") }
        let words = String(decoding: buffer[..<n], as: UTF8.self).split(separator: " ")
        return words.count == 2 ? (String(words[0]), String(words[1])) : ("", "")
    }

    private static func patience(_ fd: Int32) throws {
        var time = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    }

    private static func with<Value>(_ address: String, _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) throws -> Value) throws -> Value {
        var target = sockaddr_in()
        target.sin_family = sa_family_t(AF_INET)
        target.sin_port = port.bigEndian
        guard inet_pton(AF_INET, address, &target.sin_addr) == 1 else { throw SystemError("read \(address)", errno: EINVAL) }
        return try withUnsafePointer(to: &target) {
            try $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { try body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }
}
