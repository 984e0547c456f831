import JSON
import KubernetesAPI

extension Strategy {
    static let service = Strategy {
        $0.returnsDeleted = true
        $0.name = { NameValidation.dns1035Label($0) }
        $0.defaults = { $0.editOrMake("spec", ServiceDefaults.apply) }
        $0.emptyStatus = ["loadBalancer": [:]]
        $0.prepareCreate = { service, _ in service.edit("spec", ServiceAddresses.mirror) }
        $0.prepareUpdate = { service, old, _ in ServiceUpdate.carryOver(&service, old) }
        $0.validate = ServiceValidation.validate
        $0.validateUpdate = ServiceUpdate.validate
        $0.allocate = ServiceAllocation.allocate
        $0.holds = ServiceAllocation.holds
        $0.selectableFields = [
            "spec.clusterIP": { $0.text("spec", "clusterIP") }, "spec.type": { $0.text("spec", "type") },
        ]
        $0.table = TableView([
            .name, .text("Type"), .text("Cluster-IP"), .text("External-IP"), .text("Port(s)"), .age, .text("Selector", wide: true),
        ]) { service in
            [
                .name, .value(.string(service.text("spec", "type"))), .text(service.text("spec", "clusterIP")),
                .value(.string(ServiceTable.externalAddress(service))), .text(ServiceTable.ports(service)), .age,
                .text(LabelSelectorTree.text(labels: service.at("spec", "selector"))),
            ]
        }
    }
}

enum ServiceDefaults {
    static func apply(_ spec: inout JSONValue) {
        spec.setDefaultString("sessionAffinity", "None")
        switch spec.text("sessionAffinity") {
        case "None": if spec["sessionAffinityConfig"] != nil { spec["sessionAffinityConfig"] = nil }
        case "ClientIP":
            spec.editOrMake("sessionAffinityConfig") { $0.editOrMake("clientIP") { $0.setDefault("timeoutSeconds", 10800) } }
        default: break
        }
        spec.setDefaultString("type", "ClusterIP")
        spec.editEach("ports") { port in
            port.setDefaultString("protocol", "TCP")
            if port["targetPort"]?.isZero ?? true { port["targetPort"] = port["port"] }
        }
        let type = spec.text("type")
        if type == "NodePort" || type == "LoadBalancer" { spec.setDefaultString("externalTrafficPolicy", "Cluster") }
        if type != "ExternalName" { spec.setDefaultString("internalTrafficPolicy", "Cluster") }
        if type == "LoadBalancer" { spec.setDefault("allocateLoadBalancerNodePorts", true) }
    }
}

/// `clusterIP` is the first of `clusterIPs`; whoever writes one means both.
enum ServiceAddresses {
    static func mirror(_ spec: inout JSONValue) {
        let single = spec.text("clusterIP")
        let list = spec.list("clusterIPs")
        if !single.isEmpty, list.isEmpty {
            spec["clusterIPs"] = [.string(single)]
        } else if single.isEmpty, let first = list.first {
            spec["clusterIP"] = first
        }
    }
}

enum ServiceTable {
    static func externalAddress(_ service: JSONValue) -> String {
        let external = service.list("spec", "externalIPs").compactMap(\.stringValue)
        switch service.text("spec", "type") {
        case "ExternalName":
            return service.text("spec", "externalName")
        case "LoadBalancer":
            let ingress = service.list("status", "loadBalancer", "ingress").map { $0.text("ip").isEmpty ? $0.text("hostname") : $0.text("ip") }
            let all = ingress + external
            return all.isEmpty ? "<pending>" : all.joined(separator: ",")
        default:
            return external.isEmpty ? "<none>" : external.joined(separator: ",")
        }
    }

    static func ports(_ service: JSONValue) -> String {
        service.list("spec", "ports").map { port in
            let node = port.number("nodePort")
            let numbers = node > 0 ? "\(port.number("port")):\(node)" : "\(port.number("port"))"
            return "\(numbers)/\(port.text("protocol"))"
        }.joined(separator: ",")
    }
}
