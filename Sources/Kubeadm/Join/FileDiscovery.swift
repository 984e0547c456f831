import Flags
import JSON
import KubernetesClient
import Linux
import PKI

/// Takes the cluster and its authority from a kubeconfig that came by a way that is trusted.
struct FileDiscovery: Sendable {
    /// Or the URL (`https://`), whose server must prove itself by an authority that this machine trusts.
    var path: String
    /// Nil: the file must have credentials itself.
    var bootstrapToken: BootstrapToken?
    var fetch: ClusterInfoSource = ClusterInfoRequest.overHTTPS
    /// Gets a URL's text.
    var download: @Sendable (String) async throws -> HTTPResponseData = Self.overHTTPS

    /// - Throws: `KubeadmError` or `KubeconfigError` saying what the file lacks.
    func run() async throws -> BelievedCluster {
        let text = try await text()
        let tree = try YAMLTree.read(text, path: path)
        guard let entry = Self.cluster(tree), let server = entry["server"]?.stringValue else {
            throw KubeadmError("--discovery-file \(path): it must name a cluster with its server")
        }
        let authority: [UInt8]
        if let data = entry["certificate-authority-data"]?.stringValue.flatMap({ Base64.decode($0) }) {
            authority = data
        } else if let file = entry["certificate-authority"]?.stringValue, let bytes = try SecretFile.read(file) {
            authority = bytes
        } else {
            throw KubeadmError("--discovery-file \(path): the cluster has no certificate authority, by which the server could be recognized")
        }
        var cluster = BelievedCluster(server: server, authorityPEM: authority, credentials: try credentials(tree))
        do {
            // The file may be old: what the cluster says now, over a connection that the file vouches for, wins.
            let info = try await fetch(server, authority)
            if let kubeconfig = info.kubeconfig, let now = Self.cluster(try YAMLTree.read(kubeconfig, path: "cluster-info")),
                let bytes = now["certificate-authority-data"]?.stringValue.flatMap({ Base64.decode($0) })
            {
                cluster.authorityPEM = bytes
            }
        } catch let error as TransportError {
            throw KubeadmError("the cluster of --discovery-file \(path): \(error)")
        }
        return cluster
    }

    static func isURL(_ path: String) -> Bool { path.contains("://") }

    private func text() async throws -> String {
        guard Self.isURL(path) else {
            guard let text = try Files.readText(path) else { throw KubeadmError("--discovery-file \(path): there is no such file") }
            return text
        }
        let answer: HTTPResponseData
        do {
            answer = try await download(path)
        } catch {
            throw KubeadmError("--discovery-file \(path): \(error)")
        }
        guard answer.status == 200 else { throw KubeadmError("--discovery-file \(path): the server answers \(answer.status)") }
        return String(decoding: answer.body, as: UTF8.self)
    }

    private static let overHTTPS: @Sendable (String) async throws -> HTTPResponseData = { url in
        let authority = url.dropFirst("https://".count).prefix { $0 != "/" }
        let path = url.dropFirst("https://".count + authority.count)
        return try await SingleRequest.get(ServerConnection(server: "https://\(authority)"), path.isEmpty ? "/" : String(path))
    }

    /// The cluster of the current context, or the only one.
    private static func cluster(_ tree: JSONValue) -> JSONValue? {
        let clusters = tree["clusters"]?.arrayValue ?? []
        guard let name = context(tree)?["cluster"]?.stringValue else { return clusters.count == 1 ? clusters[0]["cluster"] : nil }
        return clusters.first { $0["name"]?.stringValue == name }?["cluster"]
    }

    private static func context(_ tree: JSONValue) -> JSONValue? {
        guard let current = tree["current-context"]?.stringValue, !current.isEmpty else { return nil }
        return tree["contexts"]?.arrayValue?.first { $0["name"]?.stringValue == current }?["context"]
    }

    private func credentials(_ tree: JSONValue) throws -> JSONValue {
        if let bootstrapToken { return ["token": .string(bootstrapToken.text)] }
        let name = Self.context(tree)?["user"]?.stringValue
        guard let user = tree["users"]?.arrayValue?.first(where: { $0["name"]?.stringValue == name })?["user"], user.objectValue?.isEmpty == false
        else {
            throw KubeadmError("--discovery-file \(path) has no credentials: give --tls-bootstrap-token for the node's first request")
        }
        return user
    }
}
