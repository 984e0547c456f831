import CoreV1
import KubernetesAPI

/// Finds the host and port that a probe or hook is about.
enum HandlerTarget {
    /// - Throws: `KubeletError` when the port is neither a number nor a name of the container's ports.
    static func port(_ value: IntOrString, _ container: Container) throws -> Int {
        switch value {
        case .int(let number):
            guard (1...65535).contains(number) else { throw KubeletError("invalid port number: \(number)") }
            return Int(number)
        case .string(let name):
            if let named = container.ports.first(where: { $0.name == name }) { return Int(named.containerPort) }
            guard let number = Int(name), (1...65535).contains(number) else {
                throw KubeletError("couldn't find port: \(name) in container \(container.name)")
            }
            return number
        }
    }

    static func url(_ action: HTTPGetAction, _ container: Container, podIP: String) throws -> String {
        let scheme = (action.scheme ?? "HTTP").lowercased()
        let host = action.host.flatMap { $0.isEmpty ? nil : $0 } ?? podIP
        let port = try port(action.port, container)
        let path = action.path ?? "/"
        return "\(scheme)://\(authority(host, port))\(path.hasPrefix("/") ? path : "/" + path)"
    }

    static func authority(_ host: String, _ port: Int) -> String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
