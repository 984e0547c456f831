import Flags
import JSON
import KubernetesClient
import Logging

/// The public description of a cluster (ConfigMap `kube-public/cluster-info`), as an API server gives it.
struct ClusterInfo: Sendable {
    var data: [String: String]
    /// The server's clock, seconds since 1970, where it tells.
    var serverTime: Int64?

    var kubeconfig: String? { data["kubeconfig"] }

    func signature(_ id: String) -> String? { data["jws-kubeconfig-\(id)"] }
}

/// Fetches it. A function, so that tests can be the server.
///
/// `authority` nil: from a server that is not known yet; nothing in the answer counts before it has been checked.
typealias ClusterInfoSource = @Sendable (_ server: String, _ authority: [UInt8]?) async throws -> ClusterInfo

enum ClusterInfoRequest {
    static let path = "/api/v1/namespaces/kube-public/configmaps/cluster-info"

    static let overHTTPS: ClusterInfoSource = { server, authority in
        var connection = ServerConnection(server: server)
        if let authority { connection.certificateAuthority = .data(authority) } else { connection.insecureSkipTLSVerify = true }
        return try read(try await SingleRequest.get(connection, path), server)
    }

    /// What a server that proves itself by an authority answers to a token, known or not.
    static let status: @Sendable (String, [UInt8], BootstrapToken) async throws -> Int = { server, authority, token in
        var connection = ServerConnection(server: server)
        connection.certificateAuthority = .data(authority)
        connection.token = token.text
        return try await SingleRequest.get(connection, path).status
    }

    /// - Throws: `KubeadmError` for answers that will not change by asking again, `Unfinished` for those that may.
    static func read(_ answer: HTTPResponseData, _ server: String) throws -> ClusterInfo {
        switch answer.status {
        case 200: break
        case 401, 403:
            throw KubeadmError(
                "\(server) does not show who it is to machines that it does not know (it answers \(answer.status)):"
                    + " kubeadm init phase bootstrap-token on the control plane allows it, unless anonymous requests are turned off there")
        case 404:
            throw Unfinished(description: "\(server) has no ConfigMap kube-public/cluster-info yet, which kubeadm init phase bootstrap-token makes")
        default: throw Unfinished(description: "\(server) answers \(answer.status)")
        }
        guard let tree = try? JSONValue(parsing: answer.body), tree["kind"]?.stringValue == "ConfigMap" else {
            throw KubeadmError("\(server) does not answer like an API server of Kubernetes: is the address right?")
        }
        var info = ClusterInfo(data: [:], serverTime: answer.header("date").flatMap(ClockSkew.seconds(httpDate:)))
        for (key, value) in tree["data"]?.objectValue ?? [:] { info.data[key] = value.stringValue }
        return info
    }

    /// An answer of a cluster that is not complete yet.
    struct Unfinished: Error, CustomStringConvertible {
        var description: String
    }
}

/// A question over a connection of its own, which is closed behind it.
enum SingleRequest {
    static func get(_ connection: ServerConnection, _ path: String) async throws -> HTTPResponseData {
        try await send(
            connection, HTTPRequestData(method: "GET", path: path, headers: [("User-Agent", "kubeadm/\(ApusVersion.kubernetes)")], body: []))
    }

    static func send(_ connection: ServerConnection, _ request: HTTPRequestData) async throws -> HTTPResponseData {
        let transport = try HTTPSTransport(connection, logger: Logger(label: "kubeadm"))
        let result: Result<HTTPResponseData, any Error>
        do { result = .success(try await transport.send(request)) } catch { result = .failure(error) }
        await transport.shutdown()
        return try result.get()
    }
}
