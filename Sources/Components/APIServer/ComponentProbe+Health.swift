import APIServer
import KubernetesClient
import Logging
import Storage

extension ComponentProbe {
    /// The parts of a control plane that run beside this server, at the ports that they have if nobody says otherwise.
    static func beside(_ logger: Logger) throws -> [ComponentProbe] {
        [try healthz("controller-manager", port: 10257, logger), try healthz("scheduler", port: 10259, logger)]
    }

    /// Nobody can check the certificate that a part of the control plane makes for itself; what it is asked is no secret.
    private static func healthz(_ name: String, port: Int, _ logger: Logger) throws -> ComponentProbe {
        let server = "https://127.0.0.1:\(port)"
        var connection = ServerConnection(server: server)
        connection.insecureSkipTLSVerify = true
        let transport = try HTTPSTransport(connection, logger: logger)
        return ComponentProbe(name) {
            do {
                let answer = try await transport.send(HTTPRequestData(method: "GET", path: "/healthz", headers: [], body: []))
                let words = String(decoding: answer.body, as: UTF8.self)
                return (200..<400).contains(answer.status) ? .healthy(words) : .unhealthy(words)
            } catch {
                return .unhealthy("Get \"\(server)/healthz\": \(error)")
            }
        }
    }

    /// The store as one of them.
    static func etcd(_ store: EtcdStore, timeout: Duration) -> ComponentProbe {
        ComponentProbe("etcd-0") { await store.problem(timeout: timeout).map { .unhealthy($0) } ?? .healthy("ok") }
    }
}
