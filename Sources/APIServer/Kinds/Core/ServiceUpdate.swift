import JSON

/// What an update of a Service keeps of what it was given before.
enum ServiceUpdate {
    /// Clients send back manifests that leave out what the server handed out; that is not a wish to have it changed.
    static func carryOver(_ service: inout JSONValue, _ old: JSONValue) {
        let before = old["spec"] ?? [:]
        service.editOrMake("spec") { spec in
            releaseWhatTheTypeDoesNotUse(&spec, before)
            let type = spec.text("type")
            if needsAddress(type), needsAddress(before.text("type")) {
                if spec.text("clusterIP").isEmpty, spec.list("clusterIPs").isEmpty {
                    spec.take("clusterIP", from: before)
                    spec.take("clusterIPs", from: before)
                } else if spec.text("clusterIP") == before.text("clusterIP"), spec.list("clusterIPs").isEmpty {
                    spec.take("clusterIPs", from: before)
                }
                if spec["ipFamilies"] == nil { spec.take("ipFamilies", from: before) }
                if spec["ipFamilyPolicy"] == nil { spec.take("ipFamilyPolicy", from: before) }
            }
            ServiceAddresses.mirror(&spec)
            if needsNodePorts(type), needsNodePorts(before.text("type")) { carryNodePorts(&spec, before) }
        }
    }

    static func needsAddress(_ type: String) -> Bool { type != "ExternalName" }
    static func needsNodePorts(_ type: String) -> Bool { type == "NodePort" || type == "LoadBalancer" }

    /// When the type changes, values that only the old type used and that nobody changed are dropped.
    private static func releaseWhatTheTypeDoesNotUse(_ spec: inout JSONValue, _ before: JSONValue) {
        let type = spec.text("type")
        if type == before.text("type") { return }
        if !needsAddress(type), needsAddress(before.text("type")) {
            if spec["clusterIP"] == before["clusterIP"] { spec["clusterIP"] = nil }
            if spec["clusterIPs"] == before["clusterIPs"] { spec["clusterIPs"] = nil }
            for field in ["ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"] where spec[field] == before[field] { spec[field] = nil }
        }
        if !needsNodePorts(type), needsNodePorts(before.text("type")) {
            let held = Set(before.list("ports").map { $0.number("nodePort") })
            spec.editEach("ports") { port in
                if held.contains(port.number("nodePort")) { port["nodePort"] = nil }
            }
            if spec["externalTrafficPolicy"] == before["externalTrafficPolicy"], spec.list("externalIPs").isEmpty {
                spec["externalTrafficPolicy"] = nil
            }
            if type != "LoadBalancer" {
                for field in ["healthCheckNodePort", "allocateLoadBalancerNodePorts", "loadBalancerClass"] where spec[field] == before[field] {
                    spec[field] = nil
                }
            }
        }
        if type != "LoadBalancer", before.text("type") == "LoadBalancer",
            spec["allocateLoadBalancerNodePorts"] == before["allocateLoadBalancerNodePorts"]
        {
            spec["allocateLoadBalancerNodePorts"] = nil
        }
    }

    private static func carryNodePorts(_ spec: inout JSONValue, _ before: JSONValue) {
        func key(_ port: JSONValue) -> String { "\(port.text("protocol"))/\(port.number("port"))" }
        var free: [String: JSONValue] = [:]
        for port in before.list("ports") { free[key(port)] = port["nodePort"] }
        let wanted = Set(spec.list("ports").map { $0.number("nodePort") })
        spec.editEach("ports") { port in
            guard port.number("nodePort") == 0, let number = free[key(port)], let value = number.integerValue, !wanted.contains(value) else { return }
            port["nodePort"] = number
        }
    }

    @Sendable static func validate(_ service: Field, _ old: JSONValue) {
        let spec = service["spec"]
        guard needsAddress(spec["type"].string), needsAddress(old.text("spec", "type")) else { return }
        let before = old.list("spec", "clusterIPs")
        let list = spec["clusterIPs"]
        let now = list.value?.arrayValue ?? []
        for (index, address) in before.enumerated() where index < now.count && now[index] != address {
            list.errors.add(FieldError(.invalid, .element(list.path, index), value: list.value, "may not change once set"))
        }
        if !before.isEmpty, now.isEmpty {
            list.errors.add(FieldError(.invalid, .element(list.path, 0), value: .array(before), "primary clusterIP can not be unset"))
        }
    }
}
