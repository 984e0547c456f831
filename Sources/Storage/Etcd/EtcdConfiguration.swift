import GRPCCore
import GRPCNIOTransportHTTP2Posix

/// Where etcd is, and how the store uses it.
package struct EtcdConfiguration: Sendable {
    /// The members, or some of them.
    package var endpoints: [EtcdEndpoint]
    /// nil: connections are not encrypted, or by the machine's own authorities.
    package var credentials: EtcdCredentials?
    package var keys = EtcdKeySpace()
    /// How long after the time to live of a key its lease may end, so that keys written one after another share one; upstream's numbers.
    package var leaseReuse: Duration = .seconds(60)
    /// How long one member is given to answer.
    package var attempt: Duration = .seconds(5)
    /// How long a request is tried at one member after the other.
    package var patience: Duration = .seconds(15)

    package init(endpoints: [EtcdEndpoint]) {
        self.endpoints = endpoints
    }
}

/// What is shown to etcd, and by what etcd is known. PEM.
package struct EtcdCredentials: Sendable, Equatable {
    /// Who may vouch for the members; nil: the machine's authorities.
    package var authorities: [UInt8]?
    package var certificate: [UInt8]?
    package var key: [UInt8]?

    package init(authorities: [UInt8]?, certificate: [UInt8]?, key: [UInt8]?) {
        self.authorities = authorities
        self.certificate = certificate
        self.key = key
    }
}

/// The address of one member, as `--etcd-servers` names it.
package struct EtcdEndpoint: Sendable, Equatable, CustomStringConvertible {
    package enum Place: Sendable, Equatable {
        case host(String, port: Int)
        case socket(path: String)
    }

    package let description: String
    package let place: Place
    package let isEncrypted: Bool

    /// - Parameter text: `https://127.0.0.1:2379`, `http://...`, `unix:///run/etcd.sock` or `unixs://...`; nil for anything else.
    package init?(_ text: String) {
        let parts = text.split(separator: "://", maxSplits: 1)
        guard parts.count == 2, let scheme = parts.first else { return nil }
        description = text
        let rest = String(parts[1])
        switch scheme {
        case "unix", "unixs":
            // `unix:///path`; `unix://name:1` is a file in the present folder, as etcd itself has it.
            guard !rest.isEmpty, rest.utf8.count < 108 else { return nil }
            place = .socket(path: rest)
            isEncrypted = text.hasPrefix("unixs")
        case "http", "https":
            guard let place = Self.host(rest) else { return nil }
            self.place = place
            isEncrypted = text.hasPrefix("https")
        default:
            return nil
        }
    }

    private static func host(_ text: String) -> Place? {
        let text = text.hasSuffix("/") ? String(text.dropLast()) : text
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]), (1...65535).contains(port) else { return nil }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) } else if host.contains(":") { return nil }
        guard !host.isEmpty, !host.contains("/") else { return nil }
        return .host(host, port: port)
    }

    var target: any ResolvableTarget {
        switch place {
        case .socket(let path): .unixDomainSocket(path: path, authority: "localhost")
        case .host(let host, let port):
            if host.contains(":") {
                .ipv6(address: host, port: port)
            } else if host.utf8.allSatisfy({ $0 == UInt8(ascii: ".") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) {
                .ipv4(address: host, port: port)
            } else {
                .dns(host: host, port: port)
            }
        }
    }
}

/// The part of etcd's keys that belongs to the store, and what it is called inside.
package struct EtcdKeySpace: Sendable, Equatable {
    /// What every key of a cluster begins with in this program.
    package static let root = "/registry"

    private let ours: String
    private let theirs: String

    /// - Parameters:
    ///   - ours: what every key begins with in this program.
    ///   - theirs: what stands there in etcd instead.
    package init(_ ours: String = "", inEtcd theirs: String? = nil) {
        self.ours = ours
        self.theirs = theirs ?? ours
    }

    /// - Parameter prefix: as `--etcd-prefix` has it.
    package init(prefix: String) {
        self.init(Self.root, inEtcd: prefix.hasPrefix("/") ? prefix : "/" + prefix)
    }

    func inEtcd(_ key: String) -> String {
        key.hasPrefix(ours) ? theirs + key.dropFirst(ours.count) : key
    }

    /// nil for a key of somebody else.
    func ours(_ bytes: some Collection<UInt8>) -> String? {
        guard let key = String(validating: bytes, as: UTF8.self), key.hasPrefix(theirs) else { return nil }
        return ours == theirs ? key : ours + key.dropFirst(theirs.count)
    }
}
