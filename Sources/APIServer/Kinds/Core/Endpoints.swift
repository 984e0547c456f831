import JSON
import KubernetesAPI

extension Strategy {
    static let endpoints = Strategy {
        $0.emptyStatus = nil
        $0.defaults = { endpoints in
            endpoints.editEach("subsets") { subset in subset.editEach("ports") { $0.setDefaultString("protocol", "TCP") } }
        }
        $0.validate = { endpoints in
            endpoints["subsets"].each { subset in
                if subset["addresses"].count == 0, subset["notReadyAddresses"].count == 0 {
                    subset.errors.add(FieldError(.required, subset.path, "must specify `addresses` or `notReadyAddresses`"))
                }
                for list in ["addresses", "notReadyAddresses"] { subset[list].each { EndpointRules.address($0["ip"]) } }
                subset["ports"].each { port in
                    if subset["ports"].count > 1 { port["name"].required() }
                    if !port["name"].isEmpty { port["name"].matches(NameValidation.dns1123Label) }
                    if !(1...65535).contains(port["port"].int) {
                        port["port"].invalid(.integer(port["port"].int), "must be between 1 and 65535, inclusive")
                    }
                    port["protocol"].requiredOneOf(["SCTP", "TCP", "UDP"])
                }
            }
        }
        $0.table = TableView([.name, .text("Endpoints"), .age]) { endpoints in
            [.name, .text(EndpointRules.short(EndpointRules.texts(endpoints))), .age]
        }
    }
}

enum EndpointRules {
    /// Endpoints reach other machines: addresses that mean this machine, or many, make no sense.
    static func address(_ field: Field) {
        guard let address = IPAddress(field.string) else {
            field.invalid(.string(field.string), "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")
            return
        }
        if address.bytes.allSatisfy({ $0 == 0 }) { field.invalid("may not be unspecified (\(address))") }
        let loopback = address.isIPv6 ? address.bytes.dropLast().allSatisfy { $0 == 0 } && address.bytes.last == 1 : address.bytes[0] == 127
        if loopback { field.invalid("may not be in the loopback range (127.0.0.0/8, ::1/128)") }
        let linkLocal =
            address.isIPv6 ? address.bytes[0] == 0xFE && address.bytes[1] & 0xC0 == 0x80 : address.bytes[0] == 169 && address.bytes[1] == 254
        if linkLocal { field.invalid("may not be in the link-local range (169.254.0.0/16, fe80::/10)") }
    }

    static func texts(_ endpoints: JSONValue) -> [String] {
        var texts: [String] = []
        for subset in endpoints.list("subsets") {
            let ports = subset.list("ports")
            for address in subset.list("addresses") {
                let ip = address.text("ip")
                if ports.isEmpty {
                    texts.append(ip)
                } else {
                    for port in ports { texts.append((ip.contains(":") ? "[\(ip)]" : ip) + ":\(port.number("port"))") }
                }
            }
        }
        return texts
    }

    /// The first three, and how many more.
    static func short(_ texts: [String]) -> String {
        let shown = texts.prefix(3).joined(separator: ",")
        return texts.count > 3 ? "\(shown) + \(texts.count - 3) more..." : shown
    }
}
