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
    var path: String { "\(folder)/kubelet-client-current.pem" }

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
        let key = KeyPair.generate()
        let request = try SigningRequest.make(.client(user: "system:node:\(nodeName)", groups: ["system:nodes"]), key: key)
        let name = "node-csr-\(RandomToken.alphanumeric(43))"
        let path = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
        _ = try await client.post(
            path: path,
            [
                "apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest", "metadata": ["name": .string(name)],
                "spec": [
                    "request": .string(Base64.encode(request)), "signerName": "kubernetes.io/kube-apiserver-client-kubelet",
                    "usages": ["digital signature", "client auth"],
                ],
            ])
        let deadline = ContinuousClock.now + Self.patience
        while ContinuousClock.now < deadline {
            let state = try await client.get(path: "\(path)/\(name)")["status"]
            for condition in state?["conditions"]?.arrayValue ?? [] {
                guard let type = condition["type"]?.stringValue, type == "Denied" || type == "Failed" else { continue }
                throw ComponentProblem("the certificate request \(name) is \(type): \(condition["message"]?.stringValue ?? "no reason is given")")
            }
            if let pem = state?["certificate"]?.stringValue.flatMap({ Base64.decode($0) }), !pem.isEmpty {
                return try keep(pem, key)
            }
            try await Task.sleep(for: .milliseconds(500))
        }
        throw ComponentProblem("the certificate request \(name) was not approved in time: kubectl certificate approve \(name) does it by hand")
    }

    private func keep(_ certificate: [UInt8], _ key: KeyPair) throws {
        let found = try PEMCertificate(pem: certificate, what: "the certificate that the API server gave")
        guard key.belongs(to: found) else { throw ComponentProblem("the certificate that the API server gave is not for the key it was asked for") }
        let file = "\(folder)/kubelet-client-\(Int64(time(nil))).pem"
        try SecretFile.write(certificate + (try key.pem()), to: file)
        let link = "\(path).new"
        unlink(link)
        guard symlink(file, link) == 0, rename(link, path) == 0 else {
            throw ComponentProblem("\(path) could not be made: \(String(cString: strerror(errno)))")
        }
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
