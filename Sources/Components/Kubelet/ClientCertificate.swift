import Glibc
import JSON
import KubernetesClient
import Linux
import Logging
import PKI
import ServiceLifecycle

/// The kubelet's own client certificate: asked for at the first start with a bootstrap token, renewed by itself afterwards.
struct ClientCertificate: Sendable {
    /// How long the first start waits before it asks anew.
    static let patience: Duration = .seconds(900)

    var nodeName: String
    var folder: String
    var logger: Logger

    /// The newest certificate with its key in one file; the name stays, what it points to changes.
    var path: String { RotatedFile(folder: folder, name: "kubelet-client").path }

    /// Makes the kubeconfig of the node by that of the bootstrap token.
    ///
    /// - Throws: when the API server refuses the token or the request; `CancellationError`.
    func bootstrap(from bootstrap: String, to kubeconfig: String) async throws {
        let connection = try Kubeconfig.load(path: bootstrap).connection()
        let client = try ClientMaker.make(connection, program: "kubelet", logger: logger)
        logger.info("asking for a client certificate", metadata: ["server": "\(connection.server)"])
        try await obtain(client)
        guard let authority = connection.certificateAuthority else {
            throw ComponentProblem("\(bootstrap): clusters[0].cluster has no certificate-authority")
        }
        try SecretFile.write(Array(try text(connection.server, authority).utf8), to: kubeconfig)
        logger.info("the node has a client certificate of its own", metadata: ["kubeconfig": "\(kubeconfig)"])
    }

    /// Asks for a certificate and puts it in its place.
    func obtain(_ client: Client) async throws {
        let order = CertificateOrder(
            signer: "kubernetes.io/kube-apiserver-client-kubelet", spec: .client(user: "system:node:\(nodeName)", groups: ["system:nodes"]),
            name: "node-csr-\(RandomToken.alphanumeric(43))", patience: Self.patience, logger: logger)
        let (certificate, key) = try await order.place(client)
        try RotatedFile(folder: folder, name: "kubelet-client").keep(certificate, key)
    }

    private func text(_ server: String, _ authority: ServerConnection.PEM) throws -> String {
        let authorityLine =
            switch authority {
            case .data(let bytes): "certificate-authority-data: \(Base64.encode(bytes))"
            case .file(let path): "certificate-authority: \(path)"
            }
        return """
            apiVersion: v1
            kind: Config
            clusters:
            - cluster:
                \(authorityLine)
                server: \(server)
              name: default-cluster
            contexts:
            - context:
                cluster: default-cluster
                namespace: default
                user: default-auth
              name: default-context
            current-context: default-context
            users:
            - name: default-auth
              user:
                client-certificate: \(path)
                client-key: \(path)

            """
    }
}

/// Renews the kubelet's client certificate while it still counts (`--rotate-certificates`).
struct ClientCertificateRenewal: ServiceLifecycle.Service {
    /// How often the certificate is looked at.
    static let interval: Duration = .seconds(60)
    /// The share of its life after which a certificate is renewed.
    static let renewAfter = 0.8

    var certificate: ClientCertificate
    var client: Client

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while (try? await Task.sleep(for: Self.interval)) != nil {
                do {
                    guard let pem = try SecretFile.read(certificate.path) else { continue }
                    guard Self.isDue(try PEMCertificate(pem: pem, what: certificate.path), now: Int64(time(nil))) else { continue }
                    try await certificate.obtain(client)
                    certificate.logger.info("the node's client certificate was renewed")
                } catch is CancellationError {
                    return
                } catch {
                    certificate.logger.warning("the node's client certificate was not renewed", metadata: ["error": "\(error)"])
                }
            }
        }
    }

    static func isDue(_ certificate: PEMCertificate, now: Int64) -> Bool {
        let life = certificate.notAfter - certificate.notBefore
        return Double(now - certificate.notBefore) >= Double(life) * renewAfter
    }
}
