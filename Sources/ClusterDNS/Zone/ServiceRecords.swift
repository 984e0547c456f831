/// What the zone knows of one service.
package struct ServiceRecords: Equatable, Sendable {
    package struct Port: Equatable, Sendable {
        package var name: String
        /// `tcp`, `udp` or `sctp`.
        package var transport: String
        package var port: UInt16

        package init(name: String, transport: String, port: UInt16) {
            self.name = name
            self.transport = transport
            self.port = port
        }
    }

    /// One address behind a headless service, with the ports of its slice.
    package struct Endpoint: Equatable, Sendable {
        package var address: IPAddressBytes
        /// The pod's hostname where it has one, else the dashed address: the label before the service's name.
        package var label: String
        package var ports: [Port]

        package init(address: IPAddressBytes, label: String, ports: [Port]) {
            self.address = address
            self.label = label
            self.ports = ports
        }
    }

    package enum Target: Equatable, Sendable {
        case clusterIPs([IPAddressBytes])
        case headless([Endpoint])
        case externalName(DNSName)
    }

    package var target: Target
    package var ports: [Port]

    package init(target: Target, ports: [Port]) {
        self.target = target
        self.ports = ports
    }
}
