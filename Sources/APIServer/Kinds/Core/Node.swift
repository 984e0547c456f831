import JSON
import KubernetesAPI

extension Strategy {
    static let node = Strategy {
        $0.createKeepsStatus = true
        $0.defaultsStatus = true
        $0.defaults = { node in
            node.setDefault("spec", [:])
            node.edit("status") { status in
                if status["allocatable"]?.isZero ?? true, let capacity = status["capacity"] { status["allocatable"] = capacity }
            }
        }
        $0.validate = { node in
            node["spec"]["taints"].each { taint in
                taint["key"].required().matchesUnlessEmpty(NameValidation.qualifiedName)
                if !taint["value"].string.isEmpty { taint["value"].matches(NameValidation.labelValue) }
                taint["effect"].requiredOneOf(["NoExecute", "NoSchedule", "PreferNoSchedule"])
            }
            uniqueTaints(node["spec"]["taints"])
            let range = node["spec"]["podCIDRs"]
            if range.count > 2 { range.maxItems(2) }
            range.each { cidr in
                if IPRange(cidr.string) == nil { cidr.invalid("must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)") }
            }
            for list in ["capacity", "allocatable"] { node["status"][list].entries { _, amount in ResourceRules.nonNegativeQuantity(amount) } }
        }
        $0.prepareUpdate = { node, old, _ in node["status"] = old["status"] }
        $0.validateUpdate = { node, old in
            for field in ["podCIDR", "podCIDRs", "providerID"] {
                let before = old.at("spec", field)
                if let before, !before.isZero, before != node["spec"][field].value {
                    node["spec"][field].forbidden(
                        field == "providerID"
                            ? "node updates may not change providerID except from \"\" to valid"
                            : "node updates may not change \(field) except from \"\" to valid")
                }
            }
        }
        $0.selectableFields = ["spec.unschedulable": { $0.at("spec", "unschedulable")?.boolValue == true ? "true" : "false" }]
        $0.table = TableView(
            [
                .name, .text("Status"), .text("Roles"), .age, .text("Version"), .text("Internal-IP", wide: true), .text("External-IP", wide: true),
                .text("OS-Image", wide: true), .text("Kernel-Version", wide: true), .text("Container-Runtime", wide: true),
            ], cells: NodeTable.cells)
    }

    private static func uniqueTaints(_ taints: Field) {
        var seen: Set<String> = []
        taints.each { taint in
            if !seen.insert("\(taint["key"].string):\(taint["effect"].string)").inserted { taint.duplicate(taint.value ?? .null) }
        }
    }
}

enum NodeTable {
    @Sendable static func cells(_ node: JSONValue) -> [TableView.Cell] {
        let info = node.at("status", "nodeInfo") ?? [:]
        return [
            .name, .value(.string(status(node))), .text(roles(node)), .age, .value(.string(info.text("kubeletVersion"))),
            .text(address(node, "InternalIP")), .text(address(node, "ExternalIP")), .value(.string(known(info.text("osImage")))),
            .value(.string(known(info.text("kernelVersion")))), .value(.string(known(info.text("containerRuntimeVersion")))),
        ]
    }

    private static func known(_ text: String) -> String { text.isEmpty ? "<unknown>" : text }

    private static func status(_ node: JSONValue) -> String {
        var words: [String] = []
        if let ready = node.list("status", "conditions").first(where: { $0.text("type") == "Ready" }) {
            words.append(ready.text("status") == "True" ? "Ready" : "NotReady")
        } else {
            words.append("Unknown")
        }
        if node.at("spec", "unschedulable")?.boolValue == true { words.append("SchedulingDisabled") }
        return words.joined(separator: ",")
    }

    private static func roles(_ node: JSONValue) -> String {
        var roles: Set<String> = []
        for (key, value) in node.at("metadata", "labels")?.objectValue ?? [:] {
            if key.hasPrefix("node-role.kubernetes.io/") {
                let role = key.dropFirst("node-role.kubernetes.io/".count)
                if !role.isEmpty { roles.insert(String(role)) }
            } else if key == "kubernetes.io/role", let role = value.stringValue, !role.isEmpty {
                roles.insert(role)
            }
        }
        return roles.sorted().joined(separator: ",")
    }

    private static func address(_ node: JSONValue, _ type: String) -> String {
        node.list("status", "addresses").first { $0.text("type") == type }?.text("address") ?? ""
    }
}
