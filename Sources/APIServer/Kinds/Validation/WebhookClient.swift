import JSON
import KubernetesAPI

/// Where a webhook is reached: by URL or through a service.
enum WebhookClient {
    static func validate(_ client: Field) {
        let (url, service) = (client["url"], client["service"])
        guard url.exists != service.exists else { return client.missing("exactly one of url or service is required") }
        url.ifPresent(validate(url:))
        service.ifPresent(validate(service:))
    }

    private static func validate(url: Field) {
        let form = "; desired format: https://host[/path]"
        let (scheme, rest) = url.string.firstRange(of: "://").map { (url.string[..<$0.lowerBound], url.string[$0.upperBound...]) } ?? ("", "")
        if scheme.lowercased() != "https" { url.invalid(.string(String(scheme)), "'https' is the only allowed URL scheme" + form) }
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let user = authority.lastIndex(of: "@").map { authority[..<$0] }
        if authority.dropFirst(user.map { $0.count + 1 } ?? 0).isEmpty { url.invalid("", "host must be specified" + form) }
        if let user { url.invalid(.string(String(user)), "user information is not permitted in the URL") }
        let beforeFragment = rest.prefix { $0 != "#" }
        let fragment = rest.dropFirst(beforeFragment.count + 1)
        if !fragment.isEmpty { url.invalid(.string(String(fragment)), "fragments are not permitted in the URL") }
        let query = beforeFragment.drop { $0 != "?" }.dropFirst()
        if !query.isEmpty { url.invalid(.string(String(query)), "query parameters are not permitted in the URL") }
    }

    private static func validate(service: Field) {
        for name in ["name", "namespace"] where service[name].string.isEmpty { service[name].missing() }
        if !(1...65535).contains(service["port"].int) {
            service["port"].invalid("port is not valid: must be between 1 and 65535, inclusive")
        }
        let path = service["path"]
        let text = path.string
        if text.isEmpty || text == "/" { return }
        if text == "//" { return path.invalid("segment[0] may not be empty") }
        if !text.hasPrefix("/") { path.invalid("must start with a '/'") }
        var steps = text.dropFirst()
        if steps.hasSuffix("/") { steps = steps.dropLast() }
        for (index, step) in steps.split(separator: "/", omittingEmptySubsequences: false).enumerated() {
            if step.isEmpty {
                path.invalid("segment[\(index)] may not be empty")
            } else {
                for complaint in NameValidation.dns1123Subdomain(String(step)) { path.invalid("segment[\(index)]: \(complaint)") }
            }
        }
    }
}
