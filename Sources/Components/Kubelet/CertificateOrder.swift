import Glibc
import JSON
import KubernetesClient
import Logging
import PKI

/// Asks the API server for a certificate by a CertificateSigningRequest, and waits until somebody has approved and signed it.
struct CertificateOrder: Sendable {
    private static let path = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
    /// After this time the log says who is waited for.
    private static let quietTime: Duration = .seconds(10)
    /// Between two looks at the request: at first who approves by rule is awaited, later a person.
    private static let firstPause: Duration = .milliseconds(20)
    private static let longestPause: Duration = .milliseconds(500)

    var signer: String
    var spec: CertificateSpec
    /// Of the request; must be new.
    var name: String
    var patience: Duration
    var logger: Logger

    /// - Throws: `ComponentProblem` when the request is denied, fails or is not approved in time; what the API server says.
    func place(_ client: Client) async throws -> (certificate: [UInt8], key: KeyPair) {
        let key = KeyPair.generate()
        let request = try SigningRequest.make(spec, key: key)
        let usage = spec.usages.contains(.serverAuth) ? "server auth" : "client auth"
        _ = try await client.post(
            path: Self.path,
            [
                "apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest", "metadata": ["name": .string(name)],
                "spec": [
                    "request": .string(Base64.encode(request)), "signerName": .string(signer), "usages": ["digital signature", .string(usage)],
                ],
            ])
        let start = ContinuousClock.now
        var isTold = false
        var pause = Self.firstPause
        while start.duration(to: .now) < patience {
            let state = try await client.get(path: "\(Self.path)/\(name)")["status"]
            for condition in state?["conditions"]?.arrayValue ?? [] {
                guard let type = condition["type"]?.stringValue, type == "Denied" || type == "Failed" else { continue }
                throw ComponentProblem("the certificate request \(name) is \(type): \(condition["message"]?.stringValue ?? "no reason is given")")
            }
            if let pem = state?["certificate"]?.stringValue.flatMap({ Base64.decode($0) }), !pem.isEmpty {
                let found = try PEMCertificate(pem: pem, what: "the certificate that the API server gave")
                guard key.belongs(to: found) else {
                    throw ComponentProblem("the certificate that the API server gave is not for the key it was asked for")
                }
                return (pem, key)
            }
            if !isTold, start.duration(to: .now) > Self.quietTime {
                isTold = true
                logger.info("waiting for the approval of a certificate request", metadata: ["approve": "kubectl certificate approve \(name)"])
            }
            try await Task.sleep(for: pause)
            pause = min(pause * 2, Self.longestPause)
        }
        throw ComponentProblem("the certificate request \(name) was not approved in time: kubectl certificate approve \(name) does it by hand")
    }
}
