import Glibc

/// Finds the address by which others reach this machine.
package enum NodeAddress {
    package struct NotFound: Error, CustomStringConvertible {
        package var description: String {
            "this machine has no IPv4 address besides the loopback one; give it one, or name one with --node-ip"
        }
    }

    package struct Interface: Equatable {
        package var name: String
        package var address: String
    }

    /// The address of the interface with the default route, or else of the first interface that is up.
    package static func detect() throws -> String {
        let all = interfaces()
        let defaultName = (try? readRoutes()).flatMap(defaultInterface)
        guard let found = all.first(where: { $0.name == defaultName }) ?? all.first else { throw NotFound() }
        return found.address
    }

    /// Interfaces that are up, without loopback and those that containers made.
    package static func interfaces() -> [Interface] {
        var first: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&first) == 0 else { return [] }
        defer { freeifaddrs(first) }
        var found: [Interface] = []
        var next = first
        while let entry = next?.pointee {
            next = entry.ifa_next
            guard let address = entry.ifa_addr, address.pointee.sa_family == sa_family_t(AF_INET),
                entry.ifa_flags & UInt32(IFF_UP) != 0, entry.ifa_flags & UInt32(IFF_LOOPBACK) == 0
            else { continue }
            let name = String(cString: entry.ifa_name)
            guard !["apus", "docker", "cni", "veth", "virbr", "br-"].contains(where: { name.hasPrefix($0) }) else { continue }
            let raw = address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { UInt32(bigEndian: $0.pointee.sin_addr.s_addr) }
            found.append(Interface(name: name, address: "\(raw >> 24).\(raw >> 16 & 0xff).\(raw >> 8 & 0xff).\(raw & 0xff)"))
        }
        return found
    }

    private static func readRoutes() throws -> String {
        guard let file = fopen("/proc/net/route", "r") else { return "" }
        defer { fclose(file) }
        var text = ""
        var buffer = [CChar](repeating: 0, count: 512)
        while fgets(&buffer, Int32(buffer.count), file) != nil {
            text += String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        return text
    }

    /// The interface of the route to everywhere, from the text of `/proc/net/route`.
    static func defaultInterface(_ routes: String) -> String? {
        for line in routes.split(separator: "\n").dropFirst() {
            let fields = line.split(whereSeparator: \.isWhitespace)
            if fields.count > 7, fields[1] == "00000000", fields[7] == "00000000" { return String(fields[0]) }
        }
        return nil
    }
}
