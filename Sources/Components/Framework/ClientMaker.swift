package import Flags
import Glibc
package import KubernetesClient
package import Logging

/// Makes clients from the flags that say where the API server is.
package enum ClientMaker {
    /// By `--kubeconfig` and `--master`; inside a pod by its service account.
    ///
    /// - Throws: `KubeconfigError`, or `ComponentProblem` when nothing says where the API server is.
    package static func make(_ flags: FlagValues, logger: Logger) throws -> Client {
        try make(try connection(flags), program: flags.table.program, logger: logger)
    }

    /// The same, before a client is made of it.
    package static func connection(_ flags: FlagValues) throws -> ServerConnection {
        var connection: ServerConnection
        if let path = flags.text("kubeconfig") {
            connection = try Kubeconfig.load(path: path).connection()
            if let master = flags.text("master") { connection.server = master }
        } else if let inside = ServerConnection.inCluster(environment: environment) {
            connection = inside
        } else {
            throw ComponentProblem("nothing says where the API server is: give --kubeconfig, or run in a pod with a service account")
        }
        return connection
    }

    /// From a kubeconfig file; nil when none is named.
    package static func make(kubeconfig path: String?, program: String, logger: Logger) throws -> Client? {
        guard let path else { return nil }
        return try make(try Kubeconfig.load(path: path).connection(), program: program, logger: logger)
    }

    package static func make(_ connection: ServerConnection, program: String, logger: Logger) throws -> Client {
        Client(transport: try HTTPSTransport(connection, logger: logger), userAgent: "\(program)/\(ApusVersion.kubernetes)")
    }

    private static var environment: [String: String] {
        var values: [String: String] = [:]
        for name in ["KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"] {
            if let value = getenv(name) { values[name] = String(cString: value) }
        }
        return values
    }
}
