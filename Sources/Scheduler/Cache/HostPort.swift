import CoreV1

/// A port that a pod claims on its node's own addresses.
struct HostPort: Equatable, Sendable {
    var networkProtocol: String
    /// `0.0.0.0` for all addresses.
    var address: String
    var port: Int32

    func conflicts(with other: HostPort) -> Bool {
        port == other.port && networkProtocol == other.networkProtocol
            && (address == other.address || address == Self.anyAddress || other.address == Self.anyAddress)
    }

    static let anyAddress = "0.0.0.0"

    /// The ports of containers, and of sidecars among the init containers.
    static func ports(of spec: PodSpec) -> [HostPort] {
        var ports: [HostPort] = []
        func collect(_ container: Container) {
            for port in container.ports {
                guard let number = port.hostPort, number > 0 else { continue }
                let address = port.hostIP ?? ""
                ports.append(
                    HostPort(networkProtocol: port.protocol ?? "TCP", address: address.isEmpty ? anyAddress : address, port: number))
            }
        }
        for container in spec.containers { collect(container) }
        for container in spec.initContainers where container.restartPolicy == "Always" { collect(container) }
        return ports
    }
}
