/// A kubeconfig file: clusters, users, and the contexts that pair them.
package struct Kubeconfig: Sendable {
    package struct Context: Sendable, Equatable {
        package var cluster: String
        package var user: String
        package var namespace: String?
    }

    struct Cluster: Sendable {
        var server: String
        var certificateAuthority: ServerConnection.PEM?
        var tlsServerName: String?
        var insecureSkipTLSVerify: Bool
    }

    struct User: Sendable {
        var clientCertificate: ServerConnection.PEM?
        var clientKey: ServerConnection.PEM?
        var token: String?
        var tokenFile: String?
        var username: String?
        var password: String?
        /// Which way of logging in it names that this client does not have.
        var unsupported: String?
    }

    /// Where it was read from, for messages.
    package let file: String
    private var isOnDisk = false
    package private(set) var contexts: [String: Context] = [:]
    package private(set) var currentContext: String?
    private var clusters: [String: Cluster] = [:]
    private var users: [String: User] = [:]

    /// Reads a file. Paths inside it are relative to its folder. Throws an error that names the file and the field at fault.
    package static func load(path: String) throws -> Kubeconfig {
        let bytes: [UInt8]
        do {
            bytes = try readFile(path)
        } catch {
            throw KubeconfigError(file: path, field: "", problem: error.cause)
        }
        var kubeconfig = try Kubeconfig(parsing: String(decoding: bytes, as: UTF8.self), file: path)
        kubeconfig.isOnDisk = true
        return kubeconfig
    }

    /// - Parameter file: the name for messages, and the place that relative paths start from.
    package init(parsing yaml: String, file: String) throws(KubeconfigError) {
        self.file = file
        let root = try KubeconfigNode(file: file, yaml: yaml)
        if let kind = try root.string("kind"), kind != "Config" { throw root.error("kind must be Config, not \(kind)") }
        let folder = file.lastIndex(of: "/").map { String(file[...$0]) } ?? ""
        for item in try root.list("clusters") {
            clusters[try Self.name(item)] = try Self.cluster(try item.mapping("cluster"), folder)
        }
        for item in try root.list("users") {
            // A user may have nothing at all: an anonymous one.
            users[try Self.name(item)] = try item.child("user").map { node throws(KubeconfigError) in try Self.user(node, folder) } ?? User()
        }
        for item in try root.list("contexts") {
            let context = try item.mapping("context")
            guard let cluster = try context.string("cluster") else { throw context.error("cluster is missing") }
            contexts[try Self.name(item)] = Context(
                cluster: cluster, user: try context.string("user") ?? "", namespace: try context.string("namespace"))
        }
        currentContext = try root.string("current-context")
    }

    /// What a context (nil: the current one) comes to.
    package func connection(context name: String? = nil) throws(KubeconfigError) -> ServerConnection {
        guard let name = name ?? currentContext else {
            throw KubeconfigError(file: file, field: "current-context", problem: "no context is chosen")
        }
        guard let context = contexts[name] else {
            throw KubeconfigError(file: file, field: "contexts", problem: "there is no context named \"\(name)\"")
        }
        guard let cluster = clusters[context.cluster] else {
            throw KubeconfigError(file: file, field: "clusters", problem: "there is no cluster named \"\(context.cluster)\"")
        }
        guard let user = context.user.isEmpty ? User() : users[context.user] else {
            throw KubeconfigError(file: file, field: "users", problem: "there is no user named \"\(context.user)\"")
        }
        if let unsupported = user.unsupported {
            throw KubeconfigError(
                file: file, field: "users", problem: "the user \"\(context.user)\" logs in by \(unsupported), which is not supported")
        }
        var connection = ServerConnection(server: cluster.server)
        connection.certificateAuthority = cluster.certificateAuthority
        connection.tlsServerName = cluster.tlsServerName
        connection.insecureSkipTLSVerify = cluster.insecureSkipTLSVerify
        connection.clientCertificate = user.clientCertificate
        connection.clientKey = user.clientKey
        connection.token = user.token
        connection.tokenFile = user.tokenFile
        connection.username = user.username
        connection.password = user.password
        connection.namespace = context.namespace
        if isOnDisk { connection.source = .init(path: file, context: name) }
        return connection
    }

    private static func name(_ item: KubeconfigNode) throws(KubeconfigError) -> String {
        guard let name = try item.string("name") else { throw item.error("name is missing") }
        return name
    }

    private static func cluster(_ node: KubeconfigNode, _ folder: String) throws(KubeconfigError) -> Cluster {
        guard let server = try node.string("server") else { throw node.error("server is missing") }
        let skip = try node.bool("insecure-skip-tls-verify")
        let authority = try pem(node, "certificate-authority", folder)
        if skip && authority != nil { throw node.error("a certificate authority and insecure-skip-tls-verify exclude each other") }
        return Cluster(
            server: server, certificateAuthority: authority, tlsServerName: try node.string("tls-server-name"), insecureSkipTLSVerify: skip)
    }

    private static func user(_ node: KubeconfigNode, _ folder: String) throws(KubeconfigError) -> User {
        var user = User()
        user.clientCertificate = try pem(node, "client-certificate", folder)
        user.clientKey = try pem(node, "client-key", folder)
        if user.clientCertificate != nil && user.clientKey == nil { throw node.error("client-certificate without client-key") }
        if user.clientKey != nil && user.clientCertificate == nil { throw node.error("client-key without client-certificate") }
        user.token = try node.string("token")
        user.tokenFile = try node.string("tokenFile").map { absolute($0, folder) }
        user.username = try node.string("username")
        user.password = try node.string("password")
        if node.child("exec") != nil { user.unsupported = "an exec plugin" }
        if node.child("auth-provider") != nil { user.unsupported = "an auth provider" }
        return user
    }

    /// `<name>-data` in base 64 wins over the file `<name>`.
    private static func pem(_ node: KubeconfigNode, _ name: String, _ folder: String) throws(KubeconfigError) -> ServerConnection.PEM? {
        if let text = try node.string("\(name)-data") {
            guard let bytes = base64Decoded(text) else {
                throw KubeconfigError(file: node.file, field: "\(node.field).\(name)-data", problem: "not base 64")
            }
            return .data(bytes)
        }
        return try node.string(name).map { .file(absolute($0, folder)) }
    }

    private static func absolute(_ path: String, _ folder: String) -> String {
        path.hasPrefix("/") ? path : folder + path
    }
}
