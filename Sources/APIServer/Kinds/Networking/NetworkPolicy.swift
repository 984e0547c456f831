import JSON
import KubernetesAPI

extension Strategy {
    static let networkPolicy = Strategy {
        $0.emptyStatus = nil
        $0.defaults = { policy in
            policy.editOrMake("spec") { spec in
                spec.setDefault("podSelector", [:])
                if spec["policyTypes"]?.isZero ?? true {
                    spec["policyTypes"] = spec.list("egress").isEmpty ? ["Ingress"] : ["Ingress", "Egress"]
                }
                for direction in ["ingress", "egress"] {
                    spec.editEach(direction) { rule in rule.editEach("ports") { $0.setDefaultString("protocol", "TCP") } }
                }
            }
        }
        $0.validate = { policy in
            let spec = policy["spec"]
            LabelRules.selector(spec["podSelector"])
            spec["policyTypes"].each { $0.oneOf(["Egress", "Ingress"]) }
            for (direction, peers) in [("ingress", "from"), ("egress", "to")] {
                spec[direction].each { rule in
                    rule["ports"].each { port in
                        port["protocol"].oneOf(["SCTP", "TCP", "UDP"])
                        if port["port"].exists { ProbeValidation.port(port["port"]) }
                        if port["endPort"].exists, port["endPort"].int < port["port"].int {
                            port["endPort"].invalid("must be greater than or equal to `port`")
                        }
                    }
                    rule[peers].each { peer in
                        let kinds = ["podSelector", "namespaceSelector", "ipBlock"].filter { peer[$0].exists }
                        if kinds.isEmpty { peer.errors.add(FieldError(.required, peer.path, "must specify a peer")) }
                        if peer["ipBlock"].exists, kinds.count > 1 { peer.forbidden("may not specify both ipBlock and another peer") }
                        LabelRules.selector(peer["podSelector"])
                        LabelRules.selector(peer["namespaceSelector"])
                        peer["ipBlock"].ifPresent { block in
                            if block["cidr"].string.isEmpty {
                                block["cidr"].required()
                            } else if IPRange(block["cidr"].string) == nil {
                                block["cidr"].invalid("must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)")
                            }
                        }
                    }
                }
            }
        }
        $0.generation = [["spec"]]
        $0.table = TableView([.name, .text("Pod-Selector"), .age]) {
            [.name, .text(LabelSelectorTree.text($0.at("spec", "podSelector") ?? [:])), .age]
        }
    }

    static let ipAddress = Strategy {
        $0.name = { name in
            guard let address = IPAddress(name) else { return ["must be a valid IP address"] }
            return address.description == name ? [] : ["must be a canonical format IP address"]
        }
        $0.emptyStatus = nil
        $0.validate = { address in
            let parent = address["spec"]["parentRef"]
            if !parent.exists {
                parent.required()
            } else {
                parent["resource"].required()
                parent["name"].required()
            }
        }
        $0.validateUpdate = { $0["spec"].immutable(since: $1["spec"]) }
        $0.table = TableView([.name, .text("ParentRef")]) { object in
            let parent = object.at("spec", "parentRef") ?? [:]
            let parts = [
                parent.text("group").isEmpty ? parent.text("resource") : "\(parent.text("resource")).\(parent.text("group"))",
                parent.text("namespace"), parent.text("name"),
            ]
            return [.name, .value(.string(parts.filter { !$0.isEmpty }.joined(separator: "/")))]
        }
    }

    static let serviceCIDR = Strategy {
        $0.validate = { object in
            let ranges = object["spec"]["cidrs"]
            if ranges.count == 0 { ranges.errors.add(FieldError(.required, ranges.path, "at least one CIDR required")) }
            ranges.maxItems(2).each { range in
                if IPRange(range.string) == nil { range.invalid("must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)") }
            }
        }
        $0.validateUpdate = { $0["spec"]["cidrs"].immutable(since: $1.at("spec", "cidrs")) }
        $0.table = TableView([.name, .text("CIDRs"), .age]) {
            [.name, .value(.string($0.list("spec", "cidrs").compactMap(\.stringValue).joined(separator: ","))), .age]
        }
    }
}
