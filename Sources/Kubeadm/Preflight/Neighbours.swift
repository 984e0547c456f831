import Glibc
import JSON
import Linux

/// Hardware addresses of machines on the same link.
enum Neighbours {
    /// How long an answer to the kernel's question may take.
    static let patience: Duration = .milliseconds(300)

    /// - Returns: the hardware address of each of these addresses that the kernel could find out.
    static func near(_ addresses: [String]) async -> [String: String] {
        let addresses = addresses.filter(IPLiteral4.isValid)
        guard !addresses.isEmpty else { return [:] }
        for address in addresses { touch(address) }
        try? await Task.sleep(for: patience)
        guard let result = try? await Command(["ip", "-json", "neigh"]).run(), let tree = try? JSONValue(parsing: result.output) else { return [:] }
        return table(tree).filter { addresses.contains($0.key) }
    }

    /// Whether packets to an address go to it without a router, over a link to others.
    static func isOnLink(_ address: String) async -> Bool {
        guard let result = try? await Command(["ip", "-json", "route", "get", address]).run(), let tree = try? JSONValue(parsing: result.output)
        else {
            return false
        }
        return tree[0]?["gateway"] == nil && tree[0]?["type"]?.stringValue != "local"
    }

    static func table(_ tree: JSONValue) -> [String: String] {
        var found: [String: String] = [:]
        for entry in tree.arrayValue ?? [] {
            if let address = entry["dst"]?.stringValue, let hardware = entry["lladdr"]?.stringValue { found[address] = hardware }
        }
        return found
    }

    /// Sends a byte to the port "discard", so that the kernel asks who has the address.
    private static func touch(_ address: String) {
        let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var target = sockaddr_in()
        target.sin_family = sa_family_t(AF_INET)
        target.sin_port = UInt16(9).bigEndian
        guard inet_pton(AF_INET, address, &target.sin_addr) == 1 else { return }
        var byte: UInt8 = 0
        _ = withUnsafePointer(to: &target) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(descriptor, &byte, 1, Int32(MSG_DONTWAIT), $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}

/// IPv4 addresses in text form.
private enum IPLiteral4 {
    static func isValid(_ text: String) -> Bool {
        var address = in_addr()
        return inet_pton(AF_INET, text, &address) == 1
    }
}

/// The host of a server's URL.
enum ServerHost {
    /// Nil when it is a name.
    static func address(of server: String) -> String? {
        let rest = server.drop { $0 != "/" }.drop { $0 == "/" }
        let host = String(rest.prefix { $0 != ":" && $0 != "/" })
        return IPLiteral4.isValid(host) ? host : nil
    }
}
