import CoreV1
import DiscoveryV1
import KubernetesAPI

extension ServiceRecords {
    /// The records of a service with its slices; nil for a service that has no name in DNS yet.
    init?(_ service: Service, slices: [EndpointSlice]) {
        let ports = service.spec.ports.compactMap { port -> Port? in
            guard let number = UInt16(exactly: port.port) else { return nil }
            return Port(name: (port.name ?? "").lowercased(), transport: (port.protocol ?? "TCP").lowercased(), port: number)
        }
        if service.spec.type == "ExternalName" {
            guard let name = service.spec.externalName, !name.isEmpty else { return nil }
            self.init(target: .externalName(DNSName(name)), ports: ports)
            return
        }
        if service.spec.clusterIP == "None" {
            self.init(target: .headless(Self.endpoints(slices)), ports: ports)
            return
        }
        let texts = service.spec.clusterIPs.isEmpty ? [service.spec.clusterIP ?? ""] : service.spec.clusterIPs
        let addresses = texts.compactMap { IPAddressBytes($0) }
        guard !addresses.isEmpty else { return nil }
        self.init(target: .clusterIPs(addresses), ports: ports)
    }

    private static func endpoints(_ slices: [EndpointSlice]) -> [Endpoint] {
        var found: [Endpoint] = []
        for slice in slices.sorted(by: { ($0.metadata.name ?? "") < ($1.metadata.name ?? "") }) {
            let ports = slice.ports.compactMap { port -> Port? in
                guard let number = port.port.flatMap({ UInt16(exactly: $0) }) else { return nil }
                return Port(name: (port.name ?? "").lowercased(), transport: (port.protocol ?? "TCP").lowercased(), port: number)
            }
            // A slice that does not say whether an endpoint is ready means that it is.
            for endpoint in slice.endpoints where endpoint.conditions?.ready ?? true {
                for text in endpoint.addresses {
                    guard let address = IPAddressBytes(text) else { continue }
                    let label = endpoint.hostname.flatMap { $0.isEmpty ? nil : $0.lowercased() } ?? IPAddressBytes.dashed(text)
                    found.append(Endpoint(address: address, label: label, ports: ports))
                }
            }
        }
        return found
    }
}
