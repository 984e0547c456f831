import CertificatesV1
import KubernetesAPI
import KubernetesClient
package import PKI

/// What certificates are signed with (`--cluster-signing-...`).
package struct ClusterSigning: Sendable {
    /// Of each signer that this controller manager signs for.
    package var authorities: [BuiltInSigner: CertificateAuthority]
    /// The longest life of a certificate, in seconds (`--cluster-signing-duration`).
    package var secondsMax: Int64

    package static let yearSeconds: Int64 = 365 * 86400

    package init(authorities: [BuiltInSigner: CertificateAuthority], secondsMax: Int64 = yearSeconds) {
        self.authorities = authorities
        self.secondsMax = secondsMax
    }

    /// One authority for all signers.
    package init(authority: CertificateAuthority, secondsMax: Int64 = yearSeconds) {
        self.init(authorities: Dictionary(uniqueKeysWithValues: BuiltInSigner.allCases.map { ($0, authority) }), secondsMax: secondsMax)
    }

    /// How long a certificate lives for which `requested` seconds were asked.
    func seconds(requested: Int32?) -> Int64 {
        guard let requested else { return secondsMax }
        return min(max(Int64(requested), 600), secondsMax)
    }
}

/// Signs the requests for certificates that have been approved, for the signers that the cluster has itself. Others are left alone.
struct CertificateSigner: Controller {
    static let name = "certificatesigningrequest-signing-controller"

    private let context: ControllerContext
    private let signing: ClusterSigning
    private let requests: Informer<CertificateSigningRequest>
    private let queue: WorkQueue<String>

    init(_ context: ControllerContext, signing: ClusterSigning) {
        self.context = context.named(Self.name)
        self.signing = signing
        requests = context.informers.informer(CertificateSigningRequest.self)
        queue = WorkQueue(time: context.time)
        let queue = queue
        requests.addHandler(added: { queue.add($0.metadata.name ?? "") }, updated: { _, new in queue.add(new.metadata.name ?? "") })
    }

    func run() async throws {
        await runWorkers(queue: queue, count: 5, logger: context.logger) { [self] name in try await sync(name) }
    }

    private func sync(_ name: String) async throws {
        guard let request = requests.get(name), let changed = Self.handled(request, signing, now: context.now) else { return }
        do {
            _ = try await context.client.update(changed, subresource: "status")
        } catch let error as APIStatusError where error.isNotFound {}
    }

    /// The request with its certificate, or with the reason why there is none. Nil when there is nothing to do.
    static func handled(_ request: CertificateSigningRequest, _ signing: ClusterSigning, now: Int64) -> CertificateSigningRequest? {
        guard request.isApproved, !request.isIssued, request.condition("Failed") == nil,
            let signer = BuiltInSigner(rawValue: request.spec.signerName), let authority = signing.authorities[signer]
        else { return nil }
        var request = request
        do {
            let asked = try SigningRequest(pem: request.spec.request)
            if let flaw = signer.flaw(of: asked, usages: request.spec.usages) {
                request.add("Failed", reason: "SignerValidationFailure", message: flaw)
            } else {
                let certificate = try authority.sign(
                    asked, usages: request.spec.usages, seconds: signing.seconds(requested: request.spec.expirationSeconds), now: now)
                request.status.certificate = try certificate.pem()
            }
        } catch {
            request.add("Failed", reason: "SignerValidationFailure", message: error.description)
        }
        return request
    }
}
