import JSON
import KubernetesAPI

extension Strategy {
    static let ingress = Strategy {
        $0.emptyStatus = ["loadBalancer": [:]]
        $0.validate = { ingress in
            let spec = ingress["spec"]
            if spec["rules"].count == 0, !spec["defaultBackend"].exists {
                spec.invalid(spec.value ?? [:], "either `defaultBackend` or `rules` must be specified")
            }
            spec["defaultBackend"].ifPresent(backend)
            spec["rules"].each { rule in
                let host = rule["host"]
                if !host.string.isEmpty {
                    if IPAddress(host.string) != nil { host.invalid("must be a DNS name, not an IP address") }
                    host.matches { NameValidation.dns1123Subdomain($0.hasPrefix("*.") ? String($0.dropFirst(2)) : $0) }
                }
                rule["http"].ifPresent { http in
                    http["paths"].required()
                    http["paths"].each { path in
                        if !path["pathType"].exists {
                            path["pathType"].errors.add(FieldError(.required, path["pathType"].path, "pathType must be specified"))
                        } else {
                            path["pathType"].oneOf(["Exact", "ImplementationSpecific", "Prefix"])
                        }
                        if path["pathType"].string != "ImplementationSpecific", !path["path"].string.hasPrefix("/") {
                            path["path"].invalid(.string(path["path"].string), "must be an absolute path")
                        }
                        backend(path["backend"])
                    }
                }
            }
            if let name = spec["ingressClassName"].value?.stringValue {
                for complaint in NameValidation.dns1123Subdomain(name) { spec["ingressClassName"].invalid(complaint) }
            }
        }
        $0.generation = [["spec"]]
        $0.table = TableView([.name, .text("Class"), .text("Hosts"), .text("Address"), .text("Ports"), .age]) { ingress in
            let hosts = ingress.list("spec", "rules").map { $0.text("host") }.filter { !$0.isEmpty }
            let shown = hosts.isEmpty ? "*" : hosts.prefix(3).joined(separator: ",") + (hosts.count > 3 ? " + \(hosts.count - 3) more..." : "")
            let addresses = ingress.list("status", "loadBalancer", "ingress").map { $0.text("ip").isEmpty ? $0.text("hostname") : $0.text("ip") }
            return [
                .name, .text(ingress.text("spec", "ingressClassName")), .value(.string(shown)),
                .value(.string(addresses.joined(separator: ","))), .value(.string(ingress.list("spec", "tls").isEmpty ? "80" : "80, 443")), .age,
            ]
        }
    }

    private static func backend(_ backend: Field) {
        let service = backend["service"]
        if service.exists, backend["resource"].exists {
            backend.invalid("cannot set both resource and service backends")
        } else if !service.exists, !backend["resource"].exists {
            backend.errors.add(FieldError(.required, backend.path, "resource or service backend is required"))
        }
        service.ifPresent { service in
            if service["name"].string.isEmpty { service["name"].required() } else { service["name"].matches(NameValidation.dns1035Label) }
            let port = service["port"]
            if port["name"].isEmpty, port["number"].isEmpty { port.errors.add(FieldError(.required, port.path, "port name or number is required")) }
            if !port["number"].isEmpty { port["number"].inRange(1...65535) }
        }
    }

    static let ingressClass = Strategy {
        $0.emptyStatus = nil
        $0.validate = { ingressClass in
            let controller = ingressClass["spec"]["controller"]
            if controller.string.isEmpty { controller.required() }
        }
        $0.validateUpdate = { $0["spec"]["controller"].immutable(since: $1.at("spec", "controller")) }
        $0.generation = [["spec"]]
        $0.table = TableView([.name, .text("Controller"), .text("Parameters"), .age]) { object in
            let parameters = object.at("spec", "parameters")
            let text = parameters.map { parameters in
                let group = parameters.text("apiGroup")
                return group.isEmpty
                    ? "\(parameters.text("kind"))/\(parameters.text("name"))" : "\(parameters.text("kind")).\(group)/\(parameters.text("name"))"
            }
            return [.name, .value(.string(object.text("spec", "controller"))), .text(text ?? ""), .age]
        }
    }
}
