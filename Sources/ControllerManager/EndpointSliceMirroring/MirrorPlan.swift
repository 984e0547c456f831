import CoreV1
import DiscoveryV1
import JSON
import KubernetesAPI

/// What to create, update and delete so that slices say what an Endpoints object says: decisions only.
struct MirrorPlan {
    /// Addresses of one subset that are mirrored.
    static let addressesMax = 1000
    static let managedBy = "endpointslicemirroring-controller.k8s.io"
    /// Annotations that speak of the Endpoints object itself.
    private static let ownAnnotations: Set<String> = [
        "kubectl.kubernetes.io/last-applied-configuration", "endpoints.kubernetes.io/last-change-trigger-time",
        "endpoints.kubernetes.io/over-capacity",
    ]

    private(set) var creations: [EndpointSlice] = []
    private(set) var updates: [EndpointSlice] = []
    private(set) var deletions: [EndpointSlice] = []
    /// Addresses that are too many.
    private(set) var skipped = 0

    private struct Group {
        var family: String
        var ports: [DiscoveryV1.EndpointPort]
        var endpoints: [Endpoint] = []
    }

    init(_ endpoints: Endpoints, existing: [EndpointSlice]) {
        var left = existing
        for group in groups(of: endpoints) {
            let match = left.firstIndex { $0.addressType == group.family && Self.identity($0.ports) == Self.identity(group.ports) }
            guard let match else {
                var slice = EndpointSlice()
                slice.metadata.generateName = "\(endpoints.metadata.name ?? "")-"
                slice.metadata.namespace = endpoints.metadata.namespace
                slice.metadata.ownerReferences = [OwnerReference(controller: endpoints)]
                slice.addressType = group.family
                Self.fill(&slice, group, endpoints)
                creations.append(slice)
                continue
            }
            let known = left.remove(at: match)
            var slice = known
            Self.fill(&slice, group, endpoints)
            if slice.jsonBytes() != known.jsonBytes() { updates.append(slice) }
        }
        deletions = left
    }

    private mutating func groups(of endpoints: Endpoints) -> [Group] {
        var groups: [Group] = []
        for subset in endpoints.subsets {
            let ports = subset.ports.map { port in
                DiscoveryV1.EndpointPort {
                    $0.name = port.name ?? ""
                    $0.port = port.port
                    $0.protocol = port.protocol ?? "TCP"
                    $0.appProtocol = port.appProtocol
                }
            }
            let all = subset.addresses.map { ($0, true) } + subset.notReadyAddresses.map { ($0, false) }
            skipped += max(0, all.count - Self.addressesMax)
            for (address, isReady) in all.prefix(Self.addressesMax) {
                guard let family = Self.family(of: address.ip) else { continue }
                let position = groups.firstIndex { $0.family == family && Self.identity($0.ports) == Self.identity(ports) }
                let endpoint = Self.endpoint(address, isReady: isReady)
                if let position {
                    groups[position].endpoints.append(endpoint)
                } else {
                    groups.append(Group(family: family, ports: ports, endpoints: [endpoint]))
                }
            }
        }
        return groups
    }

    private static func fill(_ slice: inout EndpointSlice, _ group: Group, _ endpoints: Endpoints) {
        slice.metadata.labels = endpoints.metadata.labels
        slice.metadata.labels["kubernetes.io/service-name"] = endpoints.metadata.name
        slice.metadata.labels["endpointslice.kubernetes.io/managed-by"] = managedBy
        slice.metadata.annotations = endpoints.metadata.annotations.filter { !ownAnnotations.contains($0.key) }
        slice.ports = group.ports
        slice.endpoints = group.endpoints
    }

    private static func endpoint(_ address: EndpointAddress, isReady: Bool) -> Endpoint {
        Endpoint { endpoint in
            endpoint.addresses = [address.ip]
            endpoint.conditions = EndpointConditions { $0.ready = isReady }
            endpoint.hostname = address.hostname
            endpoint.nodeName = address.nodeName
            endpoint.targetRef = address.targetRef
        }
    }

    /// nil for what is no address.
    private static func family(of address: String) -> String? {
        if address.contains(":") { return "IPv6" }
        let parts = address.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil } ? "IPv4" : nil
    }

    private static func identity(_ ports: [DiscoveryV1.EndpointPort]) -> [String] {
        ports.map { "\($0.name ?? "")|\($0.port ?? 0)|\($0.protocol ?? "TCP")|\($0.appProtocol ?? "")" }.sorted()
    }
}
