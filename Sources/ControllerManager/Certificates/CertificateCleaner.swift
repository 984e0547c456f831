import CertificatesV1
import KubernetesAPI
import KubernetesClient
import Logging
import PKI

/// Deletes requests for certificates that nobody needs any more.
struct CertificateCleaner: Controller {
    static let name = "certificatesigningrequest-cleaner-controller"
    static let period = Duration.seconds(3600)
    /// How long requests stay after they were answered, in seconds.
    static let decidedSeconds: Int64 = 3600
    /// How long requests wait that nobody decides on, in seconds.
    static let pendingSeconds: Int64 = 24 * 3600

    private let context: ControllerContext
    private let requests: Informer<CertificateSigningRequest>

    init(_ context: ControllerContext) {
        self.context = context.named(Self.name)
        requests = context.informers.informer(CertificateSigningRequest.self)
    }

    func run() async throws {
        while !Task.isCancelled {
            let now = context.now
            for request in requests.list() {
                if let reason = Self.reasonToDelete(request, now: now) { await delete(request, reason) }
            }
            do {
                try await context.time.sleep(Self.period)
            } catch { return }
        }
    }

    /// Nil for requests that stay.
    static func reasonToDelete(_ request: CertificateSigningRequest, now: Int64) -> String? {
        func isOlder(_ time: Time?, than seconds: Int64) -> Bool { time.map { now - $0.seconds > seconds } ?? false }
        if request.isIssued {
            if let certificate = try? PEMCertificate(pem: request.status.certificate), certificate.notAfter < now {
                return "its certificate has expired"
            }
        }
        for condition in request.status.conditions where isOlder(condition.lastUpdateTime, than: decidedSeconds) {
            switch condition.type {
            case "Approved": return request.isIssued ? "it was issued a while ago" : "it was approved a while ago and nobody signs it"
            case "Denied": return "it was denied a while ago"
            case "Failed": return "it failed a while ago"
            default: break
            }
        }
        if request.status.conditions.isEmpty, isOlder(request.metadata.creationTimestamp, than: pendingSeconds) { return "nobody decided on it" }
        return nil
    }

    private func delete(_ request: CertificateSigningRequest, _ reason: String) async {
        let name = request.metadata.name ?? ""
        context.logger.info("deleting a certificate request", metadata: ["request": "\(name)", "reason": "\(reason)"])
        do {
            try await context.client.delete(CertificateSigningRequest.self, name)
        } catch let error as APIStatusError where error.isNotFound {
        } catch {
            context.logger.warning("cannot delete a certificate request", metadata: ["request": "\(name)", "error": "\(error)"])
        }
    }
}
