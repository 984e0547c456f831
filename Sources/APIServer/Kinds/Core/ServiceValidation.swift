import JSON
import KubernetesAPI

enum ServiceValidation {
    @Sendable static func validate(_ service: Field) {
        let spec = service["spec"]
        let type = spec["type"]
        type.requiredOneOf(["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"])
        let headless = spec["clusterIP"].string == "None"
        if type.string == "ExternalName" {
            externalName(spec)
        } else if spec["ports"].count == 0, !headless {
            spec["ports"].required()
        }
        if type.string == "LoadBalancer", headless {
            spec["clusterIPs"].errors.add(
                FieldError(.invalid, .element(spec["clusterIPs"].path, 0), value: "None", "may not be set to 'None' for LoadBalancer services"))
        }
        if type.string == "NodePort", headless {
            spec["clusterIPs"].errors.add(
                FieldError(.invalid, .element(spec["clusterIPs"].path, 0), value: "None", "may not be set to 'None' for NodePort services"))
        }
        ports(spec, headless: headless)
        LabelRules.labels(spec["selector"])
        spec["sessionAffinity"].requiredOneOf(["ClientIP", "None"])
        if spec["sessionAffinity"].string == "ClientIP" {
            let timeout = spec["sessionAffinityConfig"]["clientIP"]["timeoutSeconds"]
            if !(1...86400).contains(timeout.int) { timeout.invalid(.integer(timeout.int), "must be greater than 0 and less than 86400") }
        }
        addresses(spec)
        policies(spec)
        spec["externalIPs"].each { address in
            if IPAddress(address.string) == nil { address.invalid("must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)") }
        }
    }

    private static func externalName(_ spec: Field) {
        let name = spec["externalName"].string.hasSuffix(".") ? String(spec["externalName"].string.dropLast()) : spec["externalName"].string
        if name.isEmpty {
            spec["externalName"].required()
        } else {
            for complaint in NameValidation.dns1123Subdomain(name) { spec["externalName"].invalid(complaint) }
        }
        if !spec["clusterIP"].string.isEmpty {
            spec["clusterIPs"].forbidden("may not be set for ExternalName services")
        }
    }

    private static func ports(_ spec: Field, headless: Bool) {
        let many = spec["ports"].count > 1
        var names: Set<String> = []
        var numbers: Set<String> = []
        var nodePorts: Set<String> = []
        spec["ports"].each { port in
            let name = port["name"]
            if many, name.string.isEmpty {
                name.required()
            } else if !name.string.isEmpty {
                name.matches(NameValidation.dns1123Label)
                if !names.insert(name.string).inserted { name.duplicate(.string(name.string)) }
            }
            if !(1...65535).contains(port["port"].int) { port["port"].invalid(.integer(port["port"].int), "must be between 1 and 65535, inclusive") }
            port["protocol"].requiredOneOf(["SCTP", "TCP", "UDP"])
            if !headless || port["targetPort"].exists { ProbeValidation.port(port["targetPort"]) }
            let key = "\(port["protocol"].string)/\(port["port"].int)"
            if !numbers.insert(key).inserted {
                port.duplicate(["protocol": .string(port["protocol"].string), "port": .integer(port["port"].int)])
            }
            let nodePort = port["nodePort"]
            guard nodePort.int != 0 else { return }
            if spec["type"].string == "ClusterIP" || spec["type"].string == "ExternalName" {
                nodePort.forbidden("may not be used when `type` is '\(spec["type"].string)'")
            } else if !nodePorts.insert("\(port["protocol"].string)/\(nodePort.int)").inserted {
                nodePort.duplicate(.integer(nodePort.int))
            }
        }
    }

    private static func addresses(_ spec: Field) {
        let list = spec["clusterIPs"]
        let addresses = list.value?.arrayValue?.compactMap(\.stringValue) ?? []
        if addresses.count > 2 {
            list.errors.add(FieldError(.tooMany, list.path, value: .integer(Int64(addresses.count)), "must have at most 2 items"))
        }
        if let first = addresses.first, spec["clusterIP"].string != first {
            spec["clusterIP"].errors.add(FieldError(.invalid, list.path, value: list.value, "first value must match `clusterIP`"))
        }
        for (index, address) in addresses.enumerated() where address != "None" || index > 0 {
            if IPAddress(address) == nil {
                list.errors.add(
                    FieldError(
                        .invalid, .element(list.path, index), value: .string(address), "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
                    ))
            }
        }
        spec["ipFamilyPolicy"].oneOf(["PreferDualStack", "RequireDualStack", "SingleStack"])
        spec["ipFamilies"].each { $0.oneOf(["IPv4", "IPv6"]) }
    }

    private static func policies(_ spec: Field) {
        let type = spec["type"].string
        let external = spec["externalTrafficPolicy"]
        if !external.string.isEmpty {
            let reachable = type == "NodePort" || type == "LoadBalancer" || spec["externalIPs"].count > 0
            if reachable { external.oneOf(["Cluster", "Local"]) } else { external.invalid("may only be set for externally-accessible services") }
        }
        if type != "ExternalName" { spec["internalTrafficPolicy"].oneOf(["Cluster", "Local"]) }
        spec["trafficDistribution"].oneOf(["PreferClose", "PreferSameNode", "PreferSameZone"])
    }
}
