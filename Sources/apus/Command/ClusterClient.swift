import Components
import Flags
import KubernetesClient
import Linux
import Logging

/// A client of a running cluster, as its administrator.
enum ClusterClient {
    /// Calls `body` with a client and closes its connections afterwards.
    static func with<T: Sendable>(_ folder: DataFolder, _ body: (Client) async throws -> T) async throws -> T {
        guard Files.exists(folder.adminKubeconfig) else {
            throw CommandError(
                "there is no cluster in \(folder.path): \(folder.adminKubeconfig) is missing. Start one: apus up --data-dir \(folder.path)")
        }
        let kubeconfig = try Kubeconfig.load(path: folder.adminKubeconfig)
        let logger = Logger(label: "apus") { _ in PlainLogHandler(level: .error) }
        let transport = try HTTPSTransport(try kubeconfig.connection(), logger: logger)
        let client = Client(transport: transport, userAgent: "apus/\(ApusVersion.number)")
        do {
            let result = try await body(client)
            await transport.shutdown()
            return result
        } catch {
            await transport.shutdown()
            throw error
        }
    }
}
