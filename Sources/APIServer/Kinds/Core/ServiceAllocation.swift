import JSON
import KubernetesClient

/// Hands out cluster addresses and node ports. What is held is written to the store together with the Service: addresses as IPAddress objects, node
/// ports as keys of their own. So nothing is held twice, nothing is lost with a crash, and there is nothing to repair.
enum ServiceAllocation {
    /// Where IPAddress objects are kept.
    static let addressPrefix = "/registry/ipaddresses/"

    @Sendable static func allocate(_ service: inout JSONValue, _ old: JSONValue?, _ context: WriteContext) throws(APIStatus) {
        let name = service.text("metadata", "name")
        var spec = service["spec"] ?? [:]
        let type = spec.text("type")
        if type == "ExternalName" {
            for field in ["ipFamilies", "ipFamilyPolicy"] where spec[field] != nil { spec[field] = nil }
            service["spec"] = spec
            return
        }
        let network = context.cluster.services
        var errors: [FieldError] = []
        families(&spec, network, &errors)
        if errors.isEmpty, spec.text("clusterIP") != "None" { addresses(&spec, network, context.cluster, name: name, &errors) }
        if errors.isEmpty, ServiceUpdate.needsNodePorts(type) {
            nodePorts(&spec, network, context.cluster, keep: old.map { Set($0.list("spec", "ports").map { $0.number("nodePort") }) } ?? [], &errors)
        }
        guard errors.isEmpty else { throw .invalid(group: "", kind: "Service", name: name, errors) }
        service["spec"] = spec
    }

    private static func families(_ spec: inout JSONValue, _ network: ServiceNetwork, _ errors: inout [FieldError]) {
        let path = FieldPath("spec.ipFamilyPolicy")
        let headless = spec.text("clusterIP") == "None"
        let selectorless = spec["selector"]?.isZero ?? true
        if headless, selectorless {
            // Nobody knows what the endpoints will be, so both families are offered.
            let one = spec.list("ipFamilies").count == 1
            spec.setDefaultString("ipFamilyPolicy", one ? "SingleStack" : "RequireDualStack")
            if spec.list("ipFamilies").isEmpty {
                let first = network.families.first ?? "IPv4"
                let both = spec.text("ipFamilyPolicy") == "SingleStack" ? [first] : [first, first == "IPv4" ? "IPv6" : "IPv4"]
                spec["ipFamilies"] = JSONValue(both)
            }
            return
        }
        let given = spec.list("clusterIPs").compactMap(\.stringValue).compactMap { IPAddress($0)?.family }
        let two = spec.list("ipFamilies").count == 2 || given.count == 2
        spec.setDefaultString("ipFamilyPolicy", two ? "RequireDualStack" : "SingleStack")
        let policy = spec.text("ipFamilyPolicy")
        if policy == "RequireDualStack", network.families.count < 2 {
            errors.append(FieldError(.invalid, path, value: spec["ipFamilyPolicy"], "this cluster is not configured for dual-stack services"))
            return
        }
        var families = spec.list("ipFamilies").compactMap(\.stringValue)
        if families.isEmpty { families = given.isEmpty ? Array(network.families.prefix(1)) : given }
        for (index, family) in families.enumerated() where !network.families.contains(family) {
            errors.append(
                FieldError(.invalid, .element(FieldPath("spec.ipFamilies"), index), value: .string(family), "not configured on this cluster"))
        }
        if policy != "SingleStack", families.count == 1, let other = network.families.first(where: { !families.contains($0) }) {
            families.append(other)
        }
        if policy == "SingleStack", families.count > 1 { families = [families[0]] }
        spec["ipFamilies"] = JSONValue(families)
    }

    /// The ranges that the server was started with, and those of ServiceCIDR objects that are not on their way out.
    private static func ranges(of family: String, _ network: ServiceNetwork, _ cluster: any ClusterView) -> [IPRange] {
        var ranges = network.ranges
        for object in cluster.objects(group: "networking.k8s.io", resource: "servicecidrs", namespace: nil)
        where object.text("metadata", "deletionTimestamp").isEmpty {
            for range in object.list("spec", "cidrs").compactMap({ $0.stringValue.flatMap { IPRange($0) } })
            where !ranges.contains(where: { $0.description == range.description }) {
                ranges.append(range)
            }
        }
        return ranges.filter { $0.base.family == family }
    }

    private static func addresses(
        _ spec: inout JSONValue, _ network: ServiceNetwork, _ cluster: any ClusterView, name: String, _ errors: inout [FieldError]
    ) {
        var addresses = spec.list("clusterIPs").compactMap(\.stringValue)
        for (index, family) in spec.list("ipFamilies").compactMap(\.stringValue).enumerated() {
            let path = FieldPath.element(FieldPath("spec.clusterIPs"), index)
            let ranges = Self.ranges(of: family, network, cluster)
            guard let range = ranges.first else { continue }
            if index < addresses.count {
                guard let address = IPAddress(addresses[index]) else { continue }
                if address.family != family {
                    errors.append(
                        FieldError(
                            .invalid, path, value: .string(addresses[index]), "expected an \(family) value as indicated by `ipFamilies[\(index)]`"))
                } else if !ranges.contains(where: { $0.contains(address) }) {
                    errors.append(
                        FieldError(
                            .invalid, FieldPath("spec.clusterIPs"), value: spec["clusterIPs"],
                            "failed to allocate IP \(addresses[index]): the provided IP (\(addresses[index])) is not in the valid range. The range of valid IPs is \(range)"
                        ))
                }
                continue
            }
            let free = ranges.lazy.compactMap { range in
                ServiceNetwork.pick(from: range) {
                    cluster.object(group: "networking.k8s.io", resource: "ipaddresses", namespace: "", name: $0.description) == nil
                }
            }.first
            guard let free else {
                errors.append(FieldError(.internalError, FieldPath("spec.clusterIPs"), "failed to allocate a serviceIP: range is full"))
                return
            }
            addresses.append(free.description)
        }
        spec["clusterIPs"] = JSONValue(addresses)
        if let first = addresses.first { spec["clusterIP"] = .string(first) }
    }

    private static func nodePorts(
        _ spec: inout JSONValue, _ network: ServiceNetwork, _ cluster: any ClusterView, keep: Set<Int64>, _ errors: inout [FieldError]
    ) {
        if spec.text("type") == "LoadBalancer", spec["allocateLoadBalancerNodePorts"]?.boolValue == false { return }
        var taken = Set(spec.list("ports").map { $0.number("nodePort") })
        var used: Set<Int64>?
        // One port number can serve both protocols: ports of a service with the same number share a node port.
        var byNumber: [Int64: (port: Int64, protocols: Set<String>)] = [:]
        var problems: [FieldError] = []
        var index = -1
        spec.editEach("ports") { port in
            index += 1
            let path = FieldPath.member(.element(FieldPath("spec.ports"), index), "nodePort")
            let wanted = port.number("nodePort")
            if wanted != 0 {
                if !network.nodePorts.contains(wanted), !keep.contains(wanted) {
                    let range = "\(network.nodePorts.lowerBound)-\(network.nodePorts.upperBound)"
                    problems.append(
                        FieldError(
                            .invalid, path, value: .integer(wanted), "provided port is not in the valid range. The range of valid ports is \(range)"))
                }
                byNumber[port.number("port")] = (wanted, [port.text("protocol")])
                return
            }
            if let shared = byNumber[port.number("port")], !shared.protocols.contains(port.text("protocol")) {
                port["nodePort"] = .integer(shared.port)
                return
            }
            var random = RandomSource.current
            for attempt in 0..<64 {
                if attempt == 1, used == nil {
                    used = Set(
                        cluster.objects(group: "", resource: "services", namespace: nil).flatMap {
                            $0.list("spec", "ports").map { $0.number("nodePort") }
                        })
                }
                let candidate = Int64.random(in: network.nodePorts, using: &random)
                if taken.contains(candidate) || used?.contains(candidate) == true { continue }
                taken.insert(candidate)
                port["nodePort"] = .integer(candidate)
                byNumber[port.number("port")] = (candidate, [port.text("protocol")])
                return
            }
            if let free = network.nodePorts.first(where: { !taken.contains($0) && used?.contains($0) != true }) {
                taken.insert(free)
                port["nodePort"] = .integer(free)
            } else {
                problems.append(FieldError(.internalError, path, "failed to allocate a nodePort: range is full"))
            }
        }
        errors += problems
    }

    @Sendable static func holds(_ service: JSONValue, now: String) -> [HeldKey] {
        guard service.text("spec", "type") != "ExternalName" else { return [] }
        let namespace = service.text("metadata", "namespace")
        let name = service.text("metadata", "name")
        var held: [HeldKey] = []
        for address in service.list("spec", "clusterIPs").compactMap(\.stringValue) where address != "None" {
            guard let parsed = IPAddress(address) else { continue }
            held.append(
                HeldKey(
                    key: addressPrefix + parsed.description, value: addressObject(parsed, namespace: namespace, name: name, now: now),
                    taken: FieldError(
                        .invalid, FieldPath("spec.clusterIPs"), value: service.at("spec", "clusterIPs"),
                        "failed to allocate IP \(address): provided IP is already allocated")))
        }
        guard ServiceUpdate.needsNodePorts(service.text("spec", "type")) else { return held }
        var seen: Set<Int64> = []
        for (index, port) in service.list("spec", "ports").enumerated() {
            let number = port.number("nodePort")
            guard number != 0, seen.insert(number).inserted else { continue }
            let owner: JSONValue = ["namespace": .string(namespace), "name": .string(name)]
            held.append(
                HeldKey(
                    key: "/registry/ranges/servicenodeports/\(number)", value: owner.serialized(),
                    taken: FieldError(
                        .invalid, .member(.element(FieldPath("spec.ports"), index), "nodePort"), value: .integer(number),
                        "provided port is already allocated")))
        }
        return held
    }

    private static func addressObject(_ address: IPAddress, namespace: String, name: String, now: String) -> [UInt8] {
        let object: JSONValue = [
            "apiVersion": "networking.k8s.io/v1", "kind": "IPAddress",
            "metadata": [
                "name": .string(address.description), "uid": .string(UID.random()), "creationTimestamp": .string(now),
                "labels": [
                    "ipaddress.kubernetes.io/ip-family": .string(address.family),
                    "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io",
                ],
            ],
            "spec": ["parentRef": ["group": "", "resource": "services", "namespace": .string(namespace), "name": .string(name)]],
        ]
        return object.serialized()
    }
}
