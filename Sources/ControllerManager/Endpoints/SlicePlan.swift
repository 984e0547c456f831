import CoreV1
import DiscoveryV1
import JSON
import KubernetesAPI

/// What to create, update and delete so that a service's slices say what they should, with few writes.
struct SlicePlan {
    static let endpointsMax = 100

    var creations: [EndpointSlice] = []
    var updates: [EndpointSlice] = []
    var deletions: [EndpointSlice] = []

    var isEmpty: Bool { creations.isEmpty && updates.isEmpty && deletions.isEmpty }

    /// Plans the slices of one address family. Endpoints with the same port numbers share slices.
    mutating func add(_ service: Service, family: String, _ backends: [Backend], _ existing: [EndpointSlice]) {
        var groups: [(ports: [DiscoveryV1.EndpointPort], endpoints: [Endpoint])] = []
        var positions: [[UInt8]: Int] = [:]
        for backend in backends {
            guard let address = backend.address(family) else { continue }
            let ports = Self.ports(service, backend)
            let key = Self.bytes(ports)
            let endpoint = Self.endpoint(service, backend, address)
            if let position = positions[key] {
                groups[position].endpoints.append(endpoint)
            } else {
                positions[key] = groups.count
                groups.append((ports, [endpoint]))
            }
        }
        // A service without endpoints has one empty slice, which says so.
        if groups.isEmpty { groups = [([], [])] }
        var left = existing
        for group in groups {
            let key = Self.bytes(group.ports)
            let own = left.filter { Self.bytes($0.ports) == key }
            left.removeAll { slice in own.contains { $0.metadata.uid == slice.metadata.uid } }
            fill(service, family, group.ports, group.endpoints, own)
        }
        deletions += left
    }

    /// Leaves endpoints in the slices where they are, fills up what has room, and makes new slices for the rest.
    private mutating func fill(
        _ service: Service, _ family: String, _ ports: [DiscoveryV1.EndpointPort], _ wanted: [Endpoint], _ existing: [EndpointSlice]
    ) {
        var missing: [String: Endpoint] = [:]
        for endpoint in wanted { missing[Self.identity(endpoint)] = endpoint }
        var slices = existing.sorted { ($0.metadata.name ?? "") < ($1.metadata.name ?? "") }
        for index in slices.indices {
            slices[index].endpoints = slices[index].endpoints.compactMap { missing.removeValue(forKey: Self.identity($0)) }
        }
        var rest = wanted.filter { missing[Self.identity($0)] != nil }[...]
        for index in slices.indices where !rest.isEmpty {
            let room = Self.endpointsMax - slices[index].endpoints.count
            slices[index].endpoints += rest.prefix(max(0, room))
            rest = rest.dropFirst(max(0, room))
        }
        let labels = Self.labels(service)
        var kept = 0
        for (before, after) in zip(existing.sorted { ($0.metadata.name ?? "") < ($1.metadata.name ?? "") }, slices) {
            // Emptied slices go, except that one slice stays where nothing is wanted.
            if after.endpoints.isEmpty, !(wanted.isEmpty && kept == 0) {
                deletions.append(after)
                continue
            }
            kept += 1
            var after = after
            after.metadata.labels = labels
            if after.jsonBytes() != before.jsonBytes() { updates.append(after) }
        }
        while !rest.isEmpty || kept == 0 {
            var slice = EndpointSlice()
            slice.metadata.generateName = "\(service.metadata.name ?? "")-"
            slice.metadata.namespace = service.metadata.namespace
            slice.metadata.labels = labels
            slice.metadata.ownerReferences = [OwnerReference(controller: service)]
            slice.addressType = family
            slice.ports = ports
            slice.endpoints = Array(rest.prefix(Self.endpointsMax))
            rest = rest.dropFirst(Self.endpointsMax)
            kept += 1
            creations.append(slice)
        }
    }

    private static func labels(_ service: Service) -> [String: String] {
        var labels = service.metadata.labels.filter { !$0.key.hasPrefix("endpointslice.kubernetes.io/") }
        labels[EndpointSliceController.serviceLabel] = service.metadata.name ?? ""
        labels[EndpointSliceController.managedByLabel] = EndpointSliceController.managedBy
        labels[EndpointSliceController.headlessLabel] = service.spec.clusterIP == "None" ? "" : nil
        return labels
    }

    private static func ports(_ service: Service, _ backend: Backend) -> [DiscoveryV1.EndpointPort] {
        service.spec.ports.compactMap { servicePort in
            guard let number = backend.port(for: servicePort) else { return nil }
            var port = DiscoveryV1.EndpointPort()
            port.name = servicePort.name ?? ""
            port.port = number
            port.protocol = servicePort.protocol ?? "TCP"
            port.appProtocol = servicePort.appProtocol
            return port
        }
    }

    private static func endpoint(_ service: Service, _ backend: Backend, _ address: String) -> Endpoint {
        var endpoint = Endpoint()
        endpoint.addresses = [address]
        var conditions = EndpointConditions()
        conditions.ready = backend.isReady
        conditions.serving = backend.isServing
        conditions.terminating = backend.isTerminating
        endpoint.conditions = conditions
        endpoint.hostname = backend.hostname(in: service)
        endpoint.nodeName = backend.pod.spec.nodeName
        endpoint.targetRef = backend.reference
        return endpoint
    }

    private static func identity(_ endpoint: Endpoint) -> String {
        "\(endpoint.targetRef?.uid ?? "")/\(endpoint.addresses.first ?? "")"
    }

    private static func bytes(_ ports: [DiscoveryV1.EndpointPort]) -> [UInt8] {
        ports.flatMap { "\($0.name ?? "")|\($0.port ?? 0)|\($0.protocol ?? "TCP")|\($0.appProtocol ?? "");".utf8 }
    }
}
