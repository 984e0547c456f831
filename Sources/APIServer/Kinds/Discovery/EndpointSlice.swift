import JSON
import KubernetesAPI

extension Strategy {
    static let endpointSlice = Strategy {
        $0.emptyStatus = nil
        $0.defaults = { slice in
            slice.editEach("ports") { port in
                port.setDefault("name", "")
                port.setDefaultString("protocol", "TCP")
            }
            slice.setDefault("endpoints", [])
        }
        $0.validate = { slice in
            slice["addressType"].requiredOneOf(["FQDN", "IPv4", "IPv6"])
            slice["endpoints"].maxItems(1000).each { endpoint in
                let addresses = endpoint["addresses"]
                if addresses.count == 0 { addresses.errors.add(FieldError(.required, addresses.path, "must contain at least 1 address")) }
                addresses.maxItems(100).each { address in
                    switch slice["addressType"].string {
                    case "FQDN": address.matches(NameValidation.dns1123Subdomain)
                    case "IPv4":
                        EndpointRules.address(address)
                        if IPAddress(address.string)?.isIPv6 == true { address.invalid("must be an IPv4 address") }
                    case "IPv6":
                        EndpointRules.address(address)
                        if IPAddress(address.string)?.isIPv6 == false { address.invalid("must be an IPv6 address") }
                    default: break
                    }
                }
                if !endpoint["hostname"].isEmpty { endpoint["hostname"].matches(NameValidation.dns1123Label) }
            }
            var names: Set<String> = []
            slice["ports"].maxItems(20000).each { port in
                let name = port["name"]
                if !name.string.isEmpty { name.matches(NameValidation.dns1123Label) }
                if !names.insert(name.string).inserted { name.duplicate(.string(name.string)) }
                port["protocol"].requiredOneOf(["SCTP", "TCP", "UDP"])
            }
        }
        $0.validateUpdate = { slice, old in slice["addressType"].immutable(since: old["addressType"]) }
        $0.generation = [["addressType"], ["endpoints"], ["ports"], ["metadata", "labels"]]
        $0.table = TableView([.name, .text("AddressType"), .text("Ports"), .text("Endpoints"), .age]) { slice in
            let ports = slice.list("ports").map { port in port["port"]?.integerValue.map { "\($0)" } ?? "*" }
            let addresses = slice.list("endpoints").flatMap { $0.list("addresses").compactMap(\.stringValue) }
            return [
                .name, .value(.string(slice.text("addressType"))), .value(.string(ports.isEmpty ? "<unset>" : EndpointRules.short(ports))),
                .value(.string(addresses.isEmpty ? "<unset>" : EndpointRules.short(addresses))), .age,
            ]
        }
    }
}
