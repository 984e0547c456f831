import JSON

/// Where the `proxy` subresource of pods, services and nodes leads.
struct ProxyLocation: Sendable {
    let lookup: ObjectLookup
    let random: @Sendable (_ below: Int) -> Int

    /// The name in a proxy path: `name`, `name:port`, `scheme:name:port`.
    struct Target: Equatable {
        var scheme = ""
        var name: String
        var port = ""

        init?(_ text: String) {
            let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            switch parts.count {
            case 1: name = parts[0]
            case 2: (name, port) = (parts[0], parts[1])
            case 3 where ["", "http", "https"].contains(parts[0]): (scheme, name, port) = (parts[0], parts[1], parts[2])
            default: return nil
            }
            if name.isEmpty { return nil }
        }
    }

    /// - Parameter uri: what follows `/proxy`, with the query.
    func backend(_ info: RequestInfo, uri: String) throws(APIStatus) -> Backend {
        guard let target = Target(info.name) else { throw .badRequest("invalid \(info.resource) request \(goQuoted(info.name))") }
        switch info.resource {
        case "pods": return try pod(target, info.namespace, uri)
        case "services": return try service(target, info.namespace, uri)
        case "nodes": return try node(target, uri)
        default: throw .pathNotFound
        }
    }

    private func pod(_ target: Target, _ namespace: String, _ uri: String) throws(APIStatus) -> Backend {
        guard let pod = lookup.get("", "pods", namespace, target.name) else { throw .notFound(group: "", resource: "pods", name: target.name) }
        let address = pod["status"]?["podIP"]?.stringValue ?? ""
        try Self.checkProxyable(address)
        var port = target.port
        if port.isEmpty {
            let ports = pod["spec"]?["containers"]?.arrayValue?.lazy.compactMap { $0["ports"]?[0]?["containerPort"]?.integerValue }
            port = ports?.first.map { String($0) } ?? (target.scheme == "https" ? "443" : "80")
        }
        guard let number = Int(port), (1...65535).contains(number) else { throw .badRequest("invalid port \(goQuoted(port))") }
        return Backend(host: address, port: number, security: target.scheme == "https" ? .unverified : .plain, uri: uri)
    }

    private func node(_ target: Target, _ uri: String) throws(APIStatus) -> Backend {
        let (host, kubeletPort) = try PodLocation(lookup: lookup).kubelet(target.name)
        if target.port.isEmpty || target.port == String(kubeletPort) {
            return Backend(host: host, port: kubeletPort, security: .kubelet, uri: uri)
        }
        guard let number = Int(target.port), (1...65535).contains(number) else { throw .badRequest("invalid port \(goQuoted(target.port))") }
        // A name is looked up by whoever connects; only what is written as an address can be judged here.
        if IPAddress(host) != nil || host == "localhost" { try Self.checkProxyable(host) }
        return Backend(host: host, port: number, security: target.scheme == "https" ? .unverified : .plain, uri: uri)
    }

    /// Whoever reports an address in a status must not lead the API server to itself, to its link or to many machines at once.
    static func checkProxyable(_ address: String) throws(APIStatus) {
        guard let address = IPAddress(address), address.isGlobalUnicast else { throw .badRequest("address not allowed") }
    }

    private func service(_ target: Target, _ namespace: String, _ uri: String) throws(APIStatus) -> Backend {
        guard let service = lookup.get("", "services", namespace, target.name) else {
            throw .notFound(group: "", resource: "services", name: target.name)
        }
        let ports = service["spec"]?["ports"]?.arrayValue ?? []
        let wanted = ports.first { port in
            target.port.isEmpty
                ? ports.count == 1 : port["name"]?.stringValue == target.port || port["port"]?.integerValue.map { String($0) } == target.port
        }
        guard let wanted else { throw .serviceUnavailable("no service port \(goQuoted(target.port)) found for service \(goQuoted(target.name))") }
        let portName = wanted["name"]?.stringValue ?? ""
        var found: [(String, Int)] = []
        for slice in lookup.list("discovery.k8s.io", "endpointslices", namespace)
        where slice["metadata"]?["labels"]?["kubernetes.io/service-name"]?.stringValue == target.name {
            let port = slice["ports"]?.arrayValue?.first { $0["name"]?.stringValue ?? "" == portName }
            guard let number = port?["port"]?.integerValue else { continue }
            for endpoint in slice["endpoints"]?.arrayValue ?? [] where endpoint["conditions"]?["ready"]?.boolValue ?? true {
                if let address = endpoint["addresses"]?[0]?.stringValue { found.append((address, Int(clamping: number))) }
            }
        }
        guard !found.isEmpty else { throw .serviceUnavailable("no endpoints available for service \(goQuoted(target.name))") }
        let (host, port) = found[min(max(0, random(found.count)), found.count - 1)]
        return Backend(host: host, port: port, security: target.scheme == "https" ? .unverified : .plain, uri: uri)
    }
}
