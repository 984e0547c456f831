import CoreV1
import KubernetesAPI

/// The variables by which containers find services without DNS, in both of upstream's styles.
enum ServiceVariables {
    /// - Parameter services: every service known; those that a pod in `namespace` sees are picked here.
    /// - Parameter links: whether services of the pod's own namespace are told, beside the API server's.
    static func variables(_ services: [Service], namespace: String, links: Bool) -> [(name: String, value: String)] {
        var visible: [String: Service] = [:]
        for service in services {
            guard let name = service.metadata.name, let address = service.spec.clusterIP, !address.isEmpty, address != "None" else { continue }
            if service.metadata.namespace == "default" && name == "kubernetes" && namespace != "default" {
                if visible[name] == nil { visible[name] = service }
            } else if service.metadata.namespace == namespace && (links || name == "kubernetes" && namespace == "default") {
                visible[name] = service
            }
        }
        return visible.sorted { $0.key < $1.key }.flatMap { variables($0.value) }
    }

    static func variables(_ service: Service) -> [(name: String, value: String)] {
        guard let address = service.spec.clusterIP, let serviceName = service.metadata.name else { return [] }
        let name = variableName(serviceName)
        var result: [(String, String)] = [("\(name)_SERVICE_HOST", address)]
        guard let first = service.spec.ports.first else { return result }
        result.append(("\(name)_SERVICE_PORT", String(first.port)))
        for port in service.spec.ports {
            if let portName = port.name, !portName.isEmpty {
                result.append(("\(name)_SERVICE_PORT_\(variableName(portName))", String(port.port)))
            }
        }
        let host = address.contains(":") ? "[\(address)]" : address
        for (index, port) in service.spec.ports.enumerated() {
            let transport = port.protocol ?? "TCP"
            let url = "\(transport.lowercased())://\(host):\(port.port)"
            if index == 0 { result.append(("\(name)_PORT", url)) }
            let prefix = "\(name)_PORT_\(port.port)_\(transport.uppercased())"
            result.append((prefix, url))
            result.append(("\(prefix)_PROTO", transport.lowercased()))
            result.append(("\(prefix)_PORT", String(port.port)))
            result.append(("\(prefix)_ADDR", address))
        }
        return result
    }

    private static func variableName(_ name: String) -> String {
        String(name.uppercased().map { $0 == "-" ? "_" : $0 })
    }
}
