import JSON

/// Where the kubelet serves a pod's streams and logs.
struct PodLocation: Sendable {
    private static let kubeletPortDefault: Int64 = 10250

    let lookup: ObjectLookup

    /// `exec` and `attach`.
    func stream(_ verb: String, namespace: String, pod name: String, query: QueryItems) throws(APIStatus) -> Backend {
        let pod = try pod(namespace, name)
        let container = try container(pod, name: name, wanted: query["container"])
        var parameters = QueryItems()
        for (ours, kubelets) in [("stdin", "input"), ("stdout", "output"), ("stderr", "error"), ("tty", "tty")] where query.bool(ours) {
            parameters.append(name: kubelets, value: "1")
        }
        for command in query.all("command") { parameters.append(name: "command", value: command) }
        return try backend(pod, path: "/\(verb)/\(namespace)/\(name)/\(container)", parameters)
    }

    func portForward(namespace: String, pod name: String, query: QueryItems) throws(APIStatus) -> Backend {
        let pod = try pod(namespace, name)
        var parameters = QueryItems()
        for port in query.all("ports") { parameters.append(name: "port", value: port) }
        return try backend(pod, path: "/portForward/\(namespace)/\(name)", parameters)
    }

    /// Nil while the pod has no node: its log is empty.
    func log(namespace: String, pod name: String, query: QueryItems) throws(APIStatus) -> Backend? {
        let pod = try pod(namespace, name)
        let container = try container(pod, name: name, wanted: query["container"])
        guard let node = pod["spec"]?["nodeName"]?.stringValue, !node.isEmpty else { return nil }
        var parameters = QueryItems()
        for flag in ["follow", "previous", "timestamps"] where query.bool(flag) { parameters.append(name: flag, value: "true") }
        for option in ["sinceSeconds", "sinceTime", "tailLines", "limitBytes", "stream"] {
            if let value = query[option], !value.isEmpty { parameters.append(name: option, value: value) }
        }
        return try backend(pod, path: "/containerLogs/\(namespace)/\(name)/\(container)", parameters)
    }

    /// The kubelet of a node.
    func kubelet(_ name: String) throws(APIStatus) -> (host: String, port: Int) {
        guard let node = lookup.get("", "nodes", "", name) else { throw .notFound(group: "", resource: "nodes", name: name) }
        let addresses = node["status"]?["addresses"]?.arrayValue ?? []
        for type in ["InternalIP", "ExternalIP", "Hostname"] {
            for address in addresses where address["type"]?.stringValue == type {
                guard let host = address["address"]?.stringValue, !host.isEmpty else { continue }
                let port = node["status"]?["daemonEndpoints"]?["kubeletEndpoint"]?["Port"]?.integerValue ?? 0
                return (host, Int(clamping: port > 0 ? port : Self.kubeletPortDefault))
            }
        }
        throw .internalError("no preferred addresses found; known addresses: []")
    }

    private func pod(_ namespace: String, _ name: String) throws(APIStatus) -> JSONValue {
        guard let pod = lookup.get("", "pods", namespace, name) else { throw .notFound(group: "", resource: "pods", name: name) }
        return pod
    }

    private func backend(_ pod: JSONValue, path: String, _ parameters: QueryItems) throws(APIStatus) -> Backend {
        guard let node = pod["spec"]?["nodeName"]?.stringValue, !node.isEmpty else {
            throw .badRequest("pod \(pod["metadata"]?["name"]?.stringValue ?? "") does not have a host assigned")
        }
        let (host, port) = try kubelet(node)
        let query = parameters.encoded
        return Backend(host: host, port: port, security: .kubelet, uri: query.isEmpty ? path : "\(path)?\(query)")
    }

    /// The container that is meant: the wanted one, or the only one.
    private func container(_ pod: JSONValue, name: String, wanted: String?) throws(APIStatus) -> String {
        func names(_ field: String) -> [String] {
            pod["spec"]?[field]?.arrayValue?.compactMap { $0["name"]?.stringValue } ?? []
        }
        let containers = names("containers")
        let initial = names("initContainers")
        let ephemeral = names("ephemeralContainers")
        if let wanted, !wanted.isEmpty {
            if (containers + initial + ephemeral).contains(wanted) { return wanted }
            throw .badRequest("container \(wanted) is not valid for pod \(name)")
        }
        if containers.count == 1 { return containers[0] }
        if containers.isEmpty { throw .badRequest("a container name must be specified for pod \(name)") }
        var message = "a container name must be specified for pod \(name), choose one of: [\(containers.joined(separator: " "))]"
        if !initial.isEmpty { message += " or one of the init containers: [\(initial.joined(separator: " "))]" }
        if !ephemeral.isEmpty { message += " or one of the ephemeral containers: [\(ephemeral.joined(separator: " "))]" }
        throw .badRequest(message)
    }
}
