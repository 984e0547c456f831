import Glibc
import Linux

/// The addresses by which the node is reached.
enum NodeAddresses {
    struct Interface: Equatable {
        var name: String
        var address: String
        var isIPv6: Bool
    }

    /// The address of the interface with the default route, or any global one; nothing when the machine has no network.
    static func detect() -> [String] {
        let all = interfaces()
        let preferred = defaultInterface()
        let v4 = all.filter { !$0.isIPv6 }
        if let name = preferred, let found = v4.first(where: { $0.name == name }) { return [found.address] }
        if let found = v4.first(where: { !$0.name.hasPrefix("cni") && !$0.name.hasPrefix("docker") && !$0.name.hasPrefix("veth") }) {
            return [found.address]
        }
        return v4.first.map { [$0.address] } ?? all.first.map { [$0.address] } ?? []
    }

    /// Global addresses of interfaces that are up; no loopback, no link-local ones.
    static func interfaces() -> [Interface] {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return [] }
        defer { freeifaddrs(list) }
        var result: [Interface] = []
        var next = list
        while let current = next {
            defer { next = current.pointee.ifa_next }
            let flags = current.pointee.ifa_flags
            guard flags & UInt32(IFF_UP) != 0, flags & UInt32(IFF_LOOPBACK) == 0, let address = current.pointee.ifa_addr else { continue }
            let family = Int32(address.pointee.sa_family)
            guard family == AF_INET || family == AF_INET6 else { continue }
            let length = family == AF_INET ? MemoryLayout<sockaddr_in>.size : MemoryLayout<sockaddr_in6>.size
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            guard getnameinfo(address, socklen_t(length), &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0 else { continue }
            let name = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if name.hasPrefix("fe80:") || name.hasPrefix("169.254.") { continue }
            result.append(Interface(name: String(cString: current.pointee.ifa_name), address: name, isIPv6: family == AF_INET6))
        }
        return result
    }

    private static func defaultInterface() -> String? {
        defaultInterface((try? Files.readText("/proc/net/route")) ?? "")
    }

    /// The interface of the default route with the smallest metric, out of /proc/net/route.
    static func defaultInterface(_ routes: String) -> String? {
        routes.split(separator: "\n").dropFirst().compactMap { line -> (String, Int)? in
            let fields = line.split { $0 == "\t" || $0 == " " }
            guard fields.count > 7, fields[1] == "00000000", fields[7] == "00000000" else { return nil }
            return (String(fields[0]), Int(fields[6]) ?? 0)
        }.min { $0.1 < $1.1 }?.0
    }
}
