import Glibc
import Kubelet
import KubernetesClient
import Logging
import PKI
import ServiceLifecycle

/// The kubelet's serving certificate from the API server (`serverTLSBootstrap`): asked for at the start and before it ends.
///
/// Nobody approves such requests by himself, since a node must not name itself as it likes: who runs the cluster does, or a controller of his.
/// Until then the kubelet serves with a certificate that only it has signed.
struct ServingCertificateRotation: ServiceLifecycle.Service {
    static let interval: Duration = .seconds(60)
    /// How long a request is waited for before a new one is made.
    static let patience: Duration = .seconds(15 * 60)

    var nodeName: String
    var addresses: [String]
    var folder: String
    var client: Client
    var target: ServingCertificate
    var logger: Logger

    private var file: RotatedFile { RotatedFile(folder: folder, name: "kubelet-server") }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var isServed = false
            repeat {
                do {
                    if let (certificate, pem) = try file.load(), covers(certificate), certificate.notAfter > Int64(time(nil)) {
                        if !isServed { try target.replace(certificate: pem, key: pem) }
                        isServed = true
                        if !ClientCertificateRenewal.isDue(certificate, now: Int64(time(nil))) { continue }
                    }
                    try await obtain()
                    isServed = true
                } catch is CancellationError {
                    return
                } catch {
                    logger.warning("the serving certificate was not obtained, trying again", metadata: ["error": "\(error)"])
                }
            } while (try? await Task.sleep(for: Self.interval)) != nil
        }
    }

    private func covers(_ certificate: PEMCertificate) -> Bool {
        Set(addresses).isSubset(of: certificate.ipAddresses) && certificate.dnsNames.contains(nodeName)
    }

    private func obtain() async throws {
        let spec = CertificateSpec(
            commonName: "system:node:\(nodeName)", organizations: ["system:nodes"], dnsNames: [nodeName], ipAddresses: addresses,
            usages: [.serverAuth])
        let order = CertificateOrder(
            signer: "kubernetes.io/kubelet-serving", spec: spec, name: "csr-\(RandomToken.alphanumeric(8))", patience: Self.patience, logger: logger)
        let (certificate, key) = try await order.place(client)
        try file.keep(certificate, key)
        try target.replace(certificate: certificate, key: try key.pem())
        logger.info("the node has a serving certificate from the cluster's authority")
    }
}
