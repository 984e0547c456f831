import JSON
import KubernetesAPI

enum ProbeValidation {
    static func validate(_ probe: Field) {
        handler(probe, kinds: ["exec", "httpGet", "tcpSocket", "grpc"])
        for field in ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"] { probe[field].nonNegative() }
        if probe["terminationGracePeriodSeconds"].exists, probe["terminationGracePeriodSeconds"].int <= 0 {
            probe["terminationGracePeriodSeconds"].invalid("must be greater than 0")
        }
    }

    /// Exactly one kind of action, and that one well formed. `probe` is a probe or a lifecycle hook.
    static func handler(_ probe: Field, kinds: [String]) {
        let given = kinds.filter { probe[$0].exists }
        if given.isEmpty {
            probe.errors.add(FieldError(.required, probe.path, "must specify a handler type"))
            return
        }
        for extra in given.dropFirst() { probe[extra].forbidden("may not specify more than 1 handler type") }
        let action = probe[given[0]]
        switch given[0] {
        case "exec":
            action["command"].required()
        case "httpGet":
            action["path"].required()
            port(action["port"])
            action["scheme"].requiredOneOf(["HTTP", "HTTPS"])
            action["httpHeaders"].each { header in
                let legal =
                    !header["name"].string.isEmpty && header["name"].string.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ":") }
                if !legal {
                    header["name"].invalid(
                        "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')"
                    )
                }
            }
        case "tcpSocket":
            port(action["port"])
        case "grpc":
            if action["port"].int == 0 { action["port"].required() } else { action["port"].inRange(1...65535) }
        case "sleep":
            action["seconds"].nonNegative()
        default:
            break
        }
    }

    /// A port by number or name.
    static func port(_ port: Field) {
        switch port.value {
        case .integer(let number)?:
            if !(1...65535).contains(number) { port.invalid("must be between 1 and 65535, inclusive") }
        case .string?:
            port.matches(NameValidation.portName)
        default:
            port.invalid(.integer(0), "must be between 1 and 65535, inclusive")
        }
    }
}
