import Crypto
import Flags
import JSON
import KubernetesClient
import Logging
import PKI

/// Finds out, from an address, a token and a digest, who may vouch for the cluster. Believes nothing that is not proven.
struct Discovery: Sendable {
    static let patience: Duration = .seconds(300)

    struct Result: Sendable {
        var server: String
        var authorityPEM: [UInt8]
    }

    var settings: JoinSettings

    /// - Throws: `KubeadmError` saying which of the given things does not fit.
    func run() async throws -> Result {
        let id = String(settings.discoveryToken.prefix(6))
        var last = "no answer yet"
        let deadline = ContinuousClock.now + Self.patience
        while ContinuousClock.now < deadline {
            do {
                let info = try await clusterInfo()
                guard let signature = info["data"]?["jws-kubeconfig-\(id)"]?.stringValue else {
                    // The signer needs a moment after the token was made.
                    last = "the cluster does not know the token \(id), or it has expired: kubeadm token create on the control plane makes a new one"
                    if info["data"]?["kubeconfig"] != nil, ContinuousClock.now + .seconds(285) > deadline { throw KubeadmError(last) }
                    try await Task.sleep(for: .seconds(1))
                    continue
                }
                return try checked(info, signature)
            } catch let error as KubeadmError {
                throw error
            } catch {
                last = "\(settings.server) does not answer: \(error)"
                try await Task.sleep(for: .seconds(1))
            }
        }
        throw KubeadmError("couldn't validate the identity of the API Server: \(last)")
    }

    /// The public description of the cluster, from a server that is not known yet: nothing in it counts before it has been checked.
    private func clusterInfo() async throws -> JSONValue {
        var connection = ServerConnection(server: settings.server)
        connection.insecureSkipTLSVerify = true
        let transport = try HTTPSTransport(connection, logger: Logger(label: "kubeadm"))
        let client = Client(transport: transport, userAgent: "kubeadm/\(ApusVersion.kubernetes)")
        do {
            let info = try await client.get(path: "/api/v1/namespaces/kube-public/configmaps/cluster-info")
            await transport.shutdown()
            return info
        } catch {
            await transport.shutdown()
            throw error
        }
    }

    /// The signature proves that who wrote the description knows the token; the digest, that the authority in it is the one meant.
    func checked(_ info: JSONValue, _ signature: String) throws -> Result {
        guard let kubeconfig = info["data"]?["kubeconfig"]?.stringValue else {
            throw KubeadmError("the cluster's description (ConfigMap kube-public/cluster-info) has no kubeconfig")
        }
        guard DetachedJWS.isValid(signature, content: Array(kubeconfig.utf8), token: settings.discoveryToken) else {
            throw KubeadmError(
                "the cluster's description is not signed by this token: the secret part of the token is wrong, or the server is not the one meant")
        }
        let tree = try YAMLTree.read(kubeconfig, path: "cluster-info")
        guard let cluster = tree["clusters"]?[0]?["cluster"], let server = cluster["server"]?.stringValue,
            let authority = cluster["certificate-authority-data"]?.stringValue.flatMap({ Base64.decode($0) })
        else { throw KubeadmError("the cluster's description names no server or no certificate authority") }
        if !settings.hashes.isEmpty {
            let found = try PEMCertificate.all(pem: authority).map { certificate in
                "sha256:"
                    + SHA256.hash(data: try certificate.publicKeyDER).map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }.joined()
            }
            guard found.contains(where: { settings.hashes.contains($0) }) else {
                throw KubeadmError(
                    "the cluster's authority has the digest \(found.joined(separator: ", ")), which is none of --discovery-token-ca-cert-hash: the server is not the one meant, or the digest was copied wrongly"
                )
            }
        }
        return Result(server: server, authorityPEM: authority)
    }
}

/// A JSON Web Signature (HS256) whose content is elsewhere: `header..signature`.
enum DetachedJWS {
    /// - Parameter token: `id.secret`; the header must name the id.
    static func isValid(_ signature: String, content: [UInt8], token: String) -> Bool {
        let parts = signature.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        let secret = Array(token.utf8.dropFirst(7))
        guard parts.count == 3, parts[1].isEmpty, let headerBytes = decoded(parts[0]), let header = try? JSONValue(parsing: headerBytes),
            header["alg"]?.stringValue == "HS256", header["kid"]?.stringValue == String(token.prefix(6)), let given = decoded(parts[2])
        else { return false }
        let message = Array("\(parts[0]).\(encoded(content))".utf8)
        return HMAC<SHA256>.isValidAuthenticationCode(given, authenticating: message, using: SymmetricKey(data: secret))
    }

    static func encoded(_ bytes: [UInt8]) -> String {
        String(Base64.encode(bytes).compactMap { $0 == "=" ? nil : $0 == "+" ? "-" : $0 == "/" ? "_" : $0 })
    }

    private static func decoded(_ text: String) -> [UInt8]? {
        let plain = String(text.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 })
        return Base64.decode(plain + String(repeating: "=", count: (4 - plain.utf8.count % 4) % 4))
    }
}
