import JSON
import KubernetesAPI

extension Strategy {
    static let apiService = Strategy {
        $0.name = NameValidation.pathSegmentName
        $0.defaults = { service in
            service.edit("spec") { spec in spec.edit("service") { $0.setDefault("port", 443) } }
        }
        $0.prepareCreate = { service, _ in
            // What this server serves by itself is there.
            guard service.at("spec", "service") == nil else { return }
            service["status"] = [
                "conditions": [
                    [
                        "type": "Available", "status": "True", "reason": "Local", "message": "Local APIServices are always available",
                        "lastTransitionTime": service.at("metadata", "creationTimestamp") ?? .null,
                    ]
                ]
            ]
        }
        $0.validate = { service in
            let spec = service["spec"]
            let (group, version) = (spec["group"].string, spec["version"].string)
            let name = service["metadata"]["name"]
            if name.string != "\(version).\(group)" { name.invalid("must be `spec.version+\".\"+spec.group`: \(goQuoted("\(version).\(group)"))") }
            if !group.isEmpty { spec["group"].matches(NameValidation.dns1123Subdomain) }
            if group.isEmpty, version != "v1" { spec["version"].invalid("only v1 may have an empty group and it better be legacy kube") }
            spec["version"].matches(NameValidation.dns1035Label)
            let (groupPriority, versionPriority) = (spec["groupPriorityMinimum"], spec["versionPriority"])
            if !(1...20000).contains(groupPriority.int) { groupPriority.invalid("must be positive and less than 20000") }
            if !(1...1000).contains(versionPriority.int) { versionPriority.invalid("must be positive and less than 1000") }
            let target = spec["service"]
            guard target.exists else {
                if !spec["caBundle"].isEmpty { spec["caBundle"].invalid("local APIServices may not have a caBundle") }
                if spec["insecureSkipTLSVerify"].bool {
                    spec["insecureSkipTLSVerify"].invalid("local APIServices may not have insecureSkipTLSVerify")
                }
                return
            }
            if target["namespace"].string.isEmpty { target["namespace"].required() }
            if target["name"].string.isEmpty { target["name"].required() }
            if !(1...65535).contains(target["port"].int) { target["port"].invalid("port is not valid: must be between 1 and 65535, inclusive") }
            if spec["insecureSkipTLSVerify"].bool, !spec["caBundle"].isEmpty {
                spec["insecureSkipTLSVerify"].invalid("may not be true if caBundle is present")
            }
        }
        $0.table = TableView([.name, .text("Service"), .text("Available"), .age]) { service in
            let target = service.at("spec", "service")
            let available = service.list("status", "conditions").first { $0.text("type") == "Available" }
            let isAvailable = available?.text("status") == "True"
            let why = isAvailable ? "True" : "\(available?.text("status") ?? "Unknown")" + (available.map { " (\($0.text("reason")))" } ?? "")
            return [
                .name, .value(.string(target.map { "\($0.text("namespace"))/\($0.text("name"))" } ?? "Local")), .value(.string(why)), .age,
            ]
        }
    }
}
