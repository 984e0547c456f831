/// Where an API server is and who we are to it: what a kubeconfig's context comes to.
package struct ServerConnection: Sendable {
    /// PEM text, given itself or by the file it is in. A file is read again when it changes.
    package enum PEM: Sendable, Equatable {
        case data([UInt8])
        case file(String)

        func read() throws(FileReadError) -> [UInt8] {
            switch self {
            case .data(let bytes): bytes
            case .file(let path): try readFile(path)
            }
        }

        var path: String? {
            switch self {
            case .data: nil
            case .file(let path): path
            }
        }
    }

    /// A context of a kubeconfig file.
    package struct Source: Sendable, Equatable {
        package var path: String
        package var context: String
    }

    /// The server's URL: `https://host:port`, maybe with a path prefix.
    package var server: String
    /// Who may vouch for the server; nil: the certificates of the machine.
    package var certificateAuthority: PEM?
    package var clientCertificate: PEM?
    package var clientKey: PEM?
    package var token: String?
    /// Wins over `token`.
    package var tokenFile: String?
    package var username: String?
    package var password: String?
    /// The name that the server's certificate must bear, where it is not the URL's host.
    package var tlsServerName: String?
    package var insecureSkipTLSVerify = false
    /// The kubeconfig that it comes from; who we are is read from there again when it changes.
    package var source: Source?
    /// The namespace of the kubeconfig's context.
    package var namespace: String?

    package init(server: String) {
        self.server = server
    }

    /// The way to the same server for somebody else.
    package var withoutCredentials: ServerConnection {
        var connection = self
        connection.clientCertificate = nil
        connection.clientKey = nil
        connection.token = nil
        connection.tokenFile = nil
        connection.username = nil
        connection.password = nil
        connection.source = nil
        return connection
    }

    /// The files whose change means new credentials. A token's is looked at with each request.
    var credentialFiles: [String] { [source?.path, certificateAuthority?.path, clientCertificate?.path, clientKey?.path].compactMap { $0 } }

    /// The same server by the credentials that the kubeconfig has now.
    ///
    /// - Throws: `KubeconfigError` while it cannot be used.
    func reread() throws -> ServerConnection {
        guard let source else { return self }
        let found = try Kubeconfig.load(path: source.path).connection(context: source.context)
        var connection = self
        connection.certificateAuthority = found.certificateAuthority
        connection.clientCertificate = found.clientCertificate
        connection.clientKey = found.clientKey
        connection.token = found.token
        connection.tokenFile = found.tokenFile
        connection.username = found.username
        connection.password = found.password
        return connection
    }

    /// Where kubelets put the identity of a pod.
    package static let serviceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount"

    /// The connection of a process inside a pod; nil outside one.
    package static func inCluster(environment: [String: String], folder: String = serviceAccountFolder) -> ServerConnection? {
        guard let host = environment["KUBERNETES_SERVICE_HOST"], !host.isEmpty,
            let port = environment["KUBERNETES_SERVICE_PORT"], !port.isEmpty
        else { return nil }
        var connection = ServerConnection(server: "https://" + (host.contains(":") ? "[\(host)]" : host) + ":" + port)
        connection.certificateAuthority = .file(folder + "/ca.crt")
        connection.tokenFile = folder + "/token"
        connection.namespace = (try? readFile(folder + "/namespace")).map {
            String(decoding: $0, as: UTF8.self).trimmingASCIIWhitespace()
        }
        return connection
    }
}
